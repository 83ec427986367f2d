//! Samples as comma-separated values, to be kept beside a summary and read by whatever draws or doubts.

use std::fmt::Write as _;

use crate::Sample;

const HEAD: &str =
    "scenario,client,iteration,bytes,objects,requests,wall_seconds,cpu_seconds,peak_memory_bytes";

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

/// A field as [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180) has it: quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Usage;

    #[test]
    fn fields_with_commas_are_quoted() {
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
    }
}
