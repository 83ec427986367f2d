//! Samples as comma-separated values, to be kept beside a summary and read by whatever draws or doubts.

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::{Sample, Usage};

const HEAD: &str = "scenario,client,iteration,bytes,objects,requests,wall_seconds,cpu_seconds,peak_memory_bytes";

/// All samples under a line of names.
pub fn to_csv(samples: &[Sample]) -> String {
    let mut text = format!("{HEAD}\n");
    for sample in samples {
        let Sample { scenario, client, iteration, bytes, objects, requests, usage } = sample;
        let (wall, cpu) = (usage.wall.as_secs_f64(), usage.cpu.as_secs_f64());
        let (scenario, client, peak) = (quoted(scenario), quoted(client), usage.peak_memory);
        writeln!(
            text,
            "{scenario},{client},{iteration},{bytes},{objects},{requests},{wall:.6},{cpu:.6},{peak}"
        )
        .expect("writing to a string");
    }
    text
}

/// The samples of a text that [`to_csv`] made.
///
/// # Errors
/// Names the line that is none.
pub fn from_csv(text: &str) -> Result<Vec<Sample>> {
    let mut lines = (1..).zip(text.lines());
    ensure!(lines.next().is_some_and(|(_, head)| head == HEAD), "the first line is not {HEAD:?}");
    lines.map(|(number, line)| sample(line).with_context(|| format!("line {number}"))).collect()
}

fn sample(line: &str) -> Result<Sample> {
    let fields = fields(line);
    let [scenario, client, iteration, bytes, objects, requests, wall, cpu, peak_memory] = fields.as_slice()
    else {
        return Err(anyhow!("{} fields", fields.len()));
    };
    let time = |text: &str| anyhow::Ok(Duration::try_from_secs_f64(parse(text)?)?);
    Ok(Sample {
        scenario: scenario.clone(),
        client: client.clone(),
        iteration: parse(iteration)?,
        bytes: parse(bytes)?,
        objects: parse(objects)?,
        requests: parse(requests)?,
        usage: Usage { wall: time(wall)?, cpu: time(cpu)?, peak_memory: parse(peak_memory)? },
    })
}

fn parse<T: FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| anyhow!("{text:?} is no number"))
}

/// A field as [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) has it: quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// The fields of a line, without quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().expect("there is one from the start");
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() -> Result<()> {
        let usage =
            Usage { wall: Duration::from_millis(1500), cpu: Duration::from_millis(750), peak_memory: 4096 };
        let sample = Sample {
            scenario: "get".to_owned(),
            client: "parts, \"loose\"".to_owned(),
            iteration: 1,
            bytes: 1 << 30,
            objects: 1,
            requests: 128,
            usage,
        };
        let text = to_csv(std::slice::from_ref(&sample));
        let expected = "get,\"parts, \"\"loose\"\"\",1,1073741824,1,128,1.500000,0.750000,4096";
        assert_eq!(text.lines().nth(1), Some(expected));
        assert_eq!(from_csv(&text)?, [sample]);
        Ok(())
    }

    #[test]
    fn other_text_is_refused_by_line() {
        for (text, expected) in [
            (String::new(), "the first line is not"),
            (format!("{HEAD}\na,b,1"), "line 2: 3 fields"),
            (format!("{HEAD}\na,b,1,2,3,4,soon,6,7"), "line 2: \"soon\" is no number"),
        ] {
            let error = format!("{:#}", from_csv(&text).expect_err("malformed"));
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
