//! `--config FILE.toml`: any long flag can stand in a file; flags on the command line win.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, Command};
use rightly_data::files;

use crate::flags::Flags;

/// Puts the flags of a `--config` file behind the command's name, before the user's own flags, so
/// that a flag given twice is the user's.
///
/// # Errors
/// Where the command takes no such file, the file can't be read, or an entry is no flag of the command.
pub(crate) fn expand(words: Vec<OsString>, flags: &Flags) -> anyhow::Result<Vec<OsString>> {
    let named = |word: &OsString| {
        word == "--config" || word.to_str().is_some_and(|word| word.starts_with("--config="))
    };
    let Some(at) = words.iter().position(named) else { return Ok(words) };
    // Without a command the parser says what is wrong.
    let Some(command) = flags.command(&words) else { return Ok(words) };
    if Flags::find(command, "config").is_none() {
        bail!("{}", flags.refusal(command, "config"));
    }
    let inline = words[at].to_str().and_then(|w| w.strip_prefix("--config=")).map(OsString::from);
    let (file, after) = match inline {
        Some(file) => (file, at + 1),
        None => match words.get(at + 1) {
            Some(file) => (file.clone(), at + 2),
            None => bail!("--config: expected a TOML file behind it"),
        },
    };
    let given: Vec<OsString> = words[..at].iter().chain(&words[after..]).cloned().collect();
    if given.iter().any(named) {
        bail!("--config is given twice; one file can hold every flag");
    }
    let of_file = entries(Path::new(&file), command, flags, &given)?;
    // The first word is the program, the second the command.
    Ok(given[..2].iter().cloned().chain(of_file).chain(given[2..].iter().cloned()).collect())
}

/// The file's entries as flags, without those that the user gave as well.
fn entries(
    path: &Path,
    command: &Command,
    flags: &Flags,
    given: &[OsString],
) -> anyhow::Result<Vec<OsString>> {
    // No FIFO to wait for, no device without end, no file of gigabytes.
    let text = files::read_text(path, files::SMALL).context("--config")?;
    let table: toml::Table =
        text.parse().with_context(|| format!("{}: not a TOML table", path.display()))?;
    let mut out = Vec::new();
    for (key, value) in table {
        let name = key.replace('_', "-");
        let Some(arg) = Flags::find(command, &name).filter(|_| name != "config") else {
            bail!("{}: '{key}': {}", path.display(), flags.refusal(command, &name));
        };
        let flag = format!("--{name}");
        let with_value = format!("{flag}=");
        let repeated =
            |w: &OsString| w.to_str().is_some_and(|w| w == flag || w.starts_with(&with_value));
        if given.iter().any(repeated) {
            continue;
        }
        for value in values(path, &key, arg, value)? {
            out.push(value.map_or(flag.clone(), |value| format!("{with_value}{value}")).into());
        }
    }
    Ok(out)
}

/// The values with which a flag is given; `None`: without a value.
fn values(
    path: &Path,
    key: &str,
    arg: &Arg,
    value: toml::Value,
) -> anyhow::Result<Vec<Option<String>>> {
    let switch = matches!(arg.get_action(), ArgAction::SetTrue);
    Ok(match value {
        toml::Value::Boolean(on) if switch => Vec::from_iter(on.then_some(None)),
        value if switch => {
            bail!("{}: {key} = {value}: expected true or false", path.display())
        }
        toml::Value::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|i| word(path, key, i)).collect::<Result<_, _>>()?;
            match (arg.get_action(), arg.get_value_delimiter()) {
                (_, Some(',')) if items.iter().all(|item| !item.contains(',')) => {
                    vec![Some(items.join(","))]
                }
                (ArgAction::Append, None) => items.into_iter().map(Some).collect(),
                _ => bail!("{}: {key}: expected one value, not a list", path.display()),
            }
        }
        value => vec![Some(word(path, key, &value)?)],
    })
}

fn word(path: &Path, key: &str, value: &toml::Value) -> anyhow::Result<String> {
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Boolean(yes) => yes.to_string(),
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
        std::fs::write(&file, config)?;
        let mut all: Vec<OsString> = words.iter().map(Into::into).collect();
        all.push("--config".into());
        all.push(file.into());
        Ok(expand(all, &Flags::new())?
            .into_iter()
            .map(|w| w.to_string_lossy().into_owned())
            .collect())
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
        assert_eq!(expand(words.clone(), &Flags::new()).unwrap(), words);
    }

    #[test]
    fn what_the_command_does_not_take_is_refused_with_the_key() {
        for (line, expected) in [
            ("repair = 'dfr'", "'repair': --repair is no flag of 'rightly evaluate'; 'audit'"),
            ("votes = false", "'votes'"),
            ("nonsense = 1", "nor of any other command"),
            ("config = 'other.toml'", "'config'"),
            ("quick = 'yes'", "expected true or false"),
            ("seed = [1, 2]", "expected one value"),
            ("measures = ['ablation,noise', 'saliency']", "expected one value"),
        ] {
            let error = expand_with(line, &["rightly", "evaluate"]).unwrap_err().to_string();
            assert!(error.contains("audit.toml") && error.contains(expected), "{line}: {error}");
        }
        let error = expand_with("seed = 1", &["rightly", "demo"]).unwrap_err().to_string();
        assert!(error.contains("--config is no flag of 'rightly demo'"), "{error}");
        let twice = expand_with("seed = 1", &["rightly", "evaluate", "--config=b.toml"]);
        assert!(twice.unwrap_err().to_string().contains("given twice"));
    }

    #[test]
    fn a_flag_that_takes_true_or_false_gets_both() {
        let words = expand_with(
            "softmax = false\noverlay = ['a=1.png', 'b=2.png']",
            &["rightly", "evaluate"],
        );
        let expected =
            ["rightly", "evaluate", "--overlay=a=1.png", "--overlay=b=2.png", "--softmax=false"];
        assert_eq!(words.unwrap(), expected);
    }
    /// Neither waited for nor read without end.
    #[cfg(unix)]
    #[test]
    fn what_is_no_settings_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(at("fifo")).status().unwrap().success());
        std::os::unix::fs::symlink("/dev/zero", at("endless")).unwrap();
        std::fs::File::create(at("huge")).unwrap().set_len(100 << 30).unwrap();
        std::fs::write(at("bytes"), b"seed = \xff").unwrap();
        for (name, expected) in [
            ("fifo", "is a FIFO"),
            ("endless", "is a device"),
            ("huge", "the file has 107374182400 bytes, the limit is 67108864"),
            ("bytes", "byte 7 is not UTF-8"),
            ("none", "No such file"),
            (".", "is a folder"),
        ] {
            let words = ["rightly", "evaluate", "--config"].map(OsString::from);
            let words = words.into_iter().chain([at(name).into()]).collect();
            let error = format!("{:#}", expand(words, &Flags::new()).unwrap_err());
            assert!(error.starts_with("--config: ") && error.contains(name), "{error}");
            assert!(error.contains(expected), "{error}");
        }
    }
}
