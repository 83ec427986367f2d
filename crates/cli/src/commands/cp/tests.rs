//! Copies from a store whose keys no disk could hold.

use clap::Parser;
use rangeway::{Env, ErrorKind, StoreExt};
use tempfile::TempDir;

use super::*;
use crate::args::{Cli, Command};
use crate::exit_code::ExitCode;
use crate::output::Output;

fn context() -> Arc<Context> {
    let cli = Cli::try_parse_from(["rangeway", "-q", "ls"]).expect("a command line");
    let output = Arc::new(Output::new(false, true));
    Arc::new(Context::new(&cli.global, Env::empty(), output).expect("no options"))
}

async fn try_cp(context: &Arc<Context>, args: &[&str]) -> Outcome {
    let line = ["rangeway", "cp"].iter().chain(args);
    let Ok(Command::Cp(args)) = Cli::try_parse_from(line).map(|cli| cli.command) else { panic!("{args:?}") };
    run(args, context).await
}

async fn cp(context: &Arc<Context>, args: &[&str]) -> ExitCode {
    match try_cp(context, args).await {
        Ok(code) => code,
        Err(stop) => panic!("{stop:?}"),
    }
}

#[tokio::test]
async fn keys_that_would_leave_the_folder_are_refused_and_the_others_go_on() -> Result<()> {
    let context = context();
    let folder = TempDir::new().expect("a folder");
    let target = folder.path().join("target").display().to_string();
    let store = context.store(&"memory://b".parse()?)?;
    let refused = ["t/../x", "t/../../x", "t//x", "t/a/./x", "t/a\0b", "t/a/../../../x", "t/x/"];
    for key in refused {
        store.put_bytes(key, "evil").await?;
    }
    for key in ["t/good", "t/a/b"] {
        store.put_bytes(key, "good").await?;
    }
    // The marks of folders.
    store.put_bytes("t/", "").await?;
    store.put_bytes("t/a/", "").await?;
    assert_eq!(cp(&context, &["-r", "memory://b/t", &target]).await, ExitCode::Failed);
    context.drain().await;
    let names = |folder: &std::path::Path| -> Vec<_> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(folder.path()), ["target"]);
    assert_eq!(names(&folder.path().join("target")), ["a", "good"]);
    assert_eq!(names(&folder.path().join("target/a")), ["b"]);
    Ok(())
}

#[tokio::test]
async fn a_prefix_is_refused_by_name_without_r() -> Result<()> {
    let context = context();
    context.store(&"memory://b".parse()?)?.put_bytes("t/x", "x").await?;
    for target in ["memory://b/u", "memory://c/u"] {
        assert_eq!(cp(&context, &["memory://b/t", target]).await, ExitCode::Usage, "{target}");
        assert_eq!(cp(&context, &["memory://b/missing", target]).await, ExitCode::NotFound, "{target}");
    }
    let stop = try_cp(&context, &["memory://b/t", "-"]).await.expect_err("a prefix");
    let Stop::Failed(error) = stop else { panic!("{stop:?}") };
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert_eq!(error.hint(), Some("add -r to copy everything below it"));
    Ok(())
}

#[tokio::test]
async fn any_key_goes_from_store_to_store() -> Result<()> {
    let context = context();
    let (from, to) = (context.store(&"memory://b".parse()?)?, context.store(&"memory://c".parse()?)?);
    for key in ["t/../x", "t//x", "t/", "t/x/", "t/\n"] {
        from.put_bytes(key, key.to_owned()).await?;
    }
    assert_eq!(cp(&context, &["-r", "memory://b/t", "memory://c/u/"]).await, ExitCode::Success);
    for key in ["/../x", "//x", "/", "/x/", "/\n"] {
        assert_eq!(to.get_bytes(format!("u{key}")).await?, format!("t{key}"));
    }
    Ok(())
}
