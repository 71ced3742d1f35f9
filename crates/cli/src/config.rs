//! `--config FILE.toml`: any long flag can stand in a file; flags on the command line win.

use std::{ffi::OsString, fs, path::Path};

use anyhow::{Context, bail};

/// Puts the flags of a `--config` file behind the command's name, before the user's own flags, so
/// that a flag given twice is the user's.
///
/// # Errors
/// Where the file can't be read, or a value can't be a flag's.
pub(crate) fn expand(words: Vec<OsString>) -> anyhow::Result<Vec<OsString>> {
    let Some(at) = words
        .iter()
        .position(|w| w == "--config" || w.to_str().is_some_and(|w| w.starts_with("--config=")))
    else {
        return Ok(words);
    };
    let inline = words[at].to_str().and_then(|w| w.strip_prefix("--config=")).map(OsString::from);
    let (file, after) = match inline {
        Some(file) => (file, at + 1),
        None => match words.get(at + 1) {
            Some(file) => (file.clone(), at + 2),
            None => bail!("--config: expected a TOML file behind it"),
        },
    };
    let given: Vec<OsString> = words[..at].iter().chain(&words[after..]).cloned().collect();
    let flags = flags(Path::new(&file), &given)?;
    // The first word is the program, the second the command.
    let head = given.len().min(2);
    Ok(given[..head].iter().cloned().chain(flags).chain(given[head..].iter().cloned()).collect())
}

/// The file's entries as flags, without those that the user gave as well.
fn flags(path: &Path, given: &[OsString]) -> anyhow::Result<Vec<OsString>> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    let table: toml::Table =
        text.parse().with_context(|| format!("{}: not a TOML table", path.display()))?;
    let mut out = Vec::new();
    for (key, value) in table {
        let flag = format!("--{}", key.replace('_', "-"));
        let with_value = format!("{flag}=");
        let repeated =
            |w: &OsString| w.to_str().is_some_and(|w| w == flag || w.starts_with(&with_value));
        if given.iter().any(repeated) {
            continue;
        }
        match value {
            toml::Value::Boolean(true) => out.push(flag.into()),
            toml::Value::Boolean(false) => {}
            toml::Value::Array(items) if flag == "--overlay" => {
                for item in items {
                    out.push(format!("{flag}={}", word(path, &key, &item)?).into());
                }
            }
            toml::Value::Array(items) => {
                let items: Vec<String> =
                    items.iter().map(|i| word(path, &key, i)).collect::<Result<_, _>>()?;
                out.push(format!("{flag}={}", items.join(",")).into());
            }
            value => out.push(format!("{flag}={}", word(path, &key, &value)?).into()),
        }
    }
    Ok(out)
}

fn word(path: &Path, key: &str, value: &toml::Value) -> anyhow::Result<String> {
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        other => bail!(
            "{}: {key} = {other}: expected a text, a number, true, false or a list of them",
            path.display()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_with(config: &str, words: &[&str]) -> anyhow::Result<Vec<String>> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("audit.toml");
        fs::write(&file, config)?;
        let mut all: Vec<OsString> = words.iter().map(Into::into).collect();
        all.push("--config".into());
        all.push(file.into());
        Ok(expand(all)?.into_iter().map(|w| w.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn flags_of_the_file_stand_before_those_of_the_user() {
        let words = expand_with(
            "model = 'm.onnx'\nseed = 3\nquick = true\nforce = false\nnoise_levels = ['linf/0.25', 'l2/60']\n",
            &["rightly", "evaluate", "--out", "RUN"],
        )
        .unwrap();
        // The file's flags in the order of their names.
        assert_eq!(
            words,
            [
                "rightly",
                "evaluate",
                "--model=m.onnx",
                "--noise-levels=linf/0.25,l2/60",
                "--quick",
                "--seed=3",
                "--out",
                "RUN"
            ]
        );
    }

    #[test]
    fn the_users_flag_wins() {
        let words = expand_with(
            "seed = 3\nout = 'A'\n",
            &["rightly", "evaluate", "--seed=4", "--out", "B"],
        )
        .unwrap();
        assert_eq!(words, ["rightly", "evaluate", "--seed=4", "--out", "B"]);
    }

    #[test]
    fn a_table_is_refused_with_its_key() {
        let error = expand_with("[model]\npath = 'x'\n", &["rightly", "evaluate"]).unwrap_err();
        assert!(error.to_string().contains("model ="), "{error}");
    }

    #[test]
    fn without_a_file_nothing_changes() {
        let words: Vec<OsString> = ["rightly", "data", "x"].iter().map(Into::into).collect();
        assert_eq!(expand(words.clone()).unwrap(), words);
    }
}
