//! Signals, streams that can't be written, and several processes at once.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::support::{code, evaluate, quickstart, rightly, stderr, stdout};

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success(), "{signal}");
}

/// The signals that end a process, without those that this one was started to ignore (as a shell starts what runs in its
/// background): its children ignore them too.
fn ending_signals() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    let all = [("-INT", 2), ("-TERM", 15), ("-HUP", 1)];
    let heard = all.iter().filter(|(_, number)| ignored & (1 << (number - 1)) == 0);
    heard.map(|(name, _)| *name).collect()
}

/// Waits until a file is there.
fn wait_for(file: &Path) {
    let start = Instant::now();
    while !file.exists() {
        assert!(start.elapsed() < Duration::from_secs(120), "{} never came", file.display());
        sleep(Duration::from_millis(10));
    }
}

fn piped(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_stage_ends_by_every_signal_as_by_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ending_signals() {
        let run = folder.path().join(signal);
        let child = piped(&mut evaluate(&run, &["--trials", "60"]));
        wait_for(&run.join("run.toml"));
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 130, "{signal}: {}", stderr(&output));
        assert!(stderr(&output).contains("interrupted"), "{signal}: {}", stderr(&output));
        assert!(run.join("run.toml").is_file());
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let child = piped(&mut evaluate(&run, &["--trials", "400", "--threads", "1"]));
    wait_for(&run.join("run.toml"));
    for _ in 0..2 {
        send("-TERM", &child);
        sleep(Duration::from_millis(50));
    }
    let start = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_process_was_started_to_ignore_is_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(env!("CARGO_BIN_EXE_rightly"));
    shell.args(evaluate(&run, &["--quick", "--quiet"]).get_args());
    let child = piped(&mut shell);
    wait_for(&run.join("run.toml"));
    send("-HUP", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(run.join("report.html").is_file());
}

/// `rightly evaluate` through a shell, its streams as `redirected` says.
fn through(run: &Path, more: &[&str], redirected: &str) -> Output {
    let mut shell = Command::new("bash");
    let script = format!("set -o pipefail; \"$0\" \"$@\" {redirected}");
    shell.args(["-c", &script]).arg(env!("CARGO_BIN_EXE_rightly"));
    shell.args(evaluate(run, more).get_args()).output().unwrap()
}

#[test]
fn streams_that_can_not_be_written_lose_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let output = evaluate(&whole, &["--quick"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let expected = fs::read(whole.join("metrics.json")).unwrap();
    for (name, redirected, ends) in [
        ("head", "2>&1 | head -1", 0),
        ("none", "2>&1 | true", 0),
        ("stderr-full", "2>/dev/full", 0),
        ("stderr-closed", "2>&-", 0),
        ("stdout-closed", ">&-", 0),
        ("stdout-full", ">/dev/full", 2),
        ("both-full", ">/dev/full 2>/dev/full", 2),
    ] {
        let run = folder.path().join(name);
        let output = through(&run, &["--quick"], redirected);
        assert_eq!(code(&output), ends, "{name}: {}", stderr(&output));
        assert!(!stderr(&output).contains("panicked"), "{name}: {}", stderr(&output));
        assert!(fs::read(run.join("metrics.json")).unwrap() == expected, "{name}");
        assert!(run.join("report.html").is_file(), "{name}");
    }
    let output = through(&whole, &["--quick", "--quiet"], ">/dev/full");
    assert!(stderr(&output).contains("standard output: "), "{}", stderr(&output));
}

fn train(out: &Path, epochs: &str) -> Command {
    let mut command = rightly();
    command
        .args(["train", "--arch", "resnet8", "--size", "32", "--batch", "8", "--epochs", epochs]);
    command.arg("--data").arg(quickstart("table.csv")).arg("--out").arg(out);
    command
}

#[test]
fn a_training_that_is_stopped_within_an_epoch_goes_on_there() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let output = train(&whole, "3").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut within = false;
    let signals = ending_signals();
    // How fast the machine is decides which wait falls within an epoch: shorter and longer ones are tried.
    for round in 0..12 {
        let out = folder.path().join(round.to_string());
        let child = piped(&mut train(&out, "3"));
        wait_for(&out.join(".train"));
        sleep(Duration::from_millis(10 << round.min(9)));
        send(signals[round % signals.len()], &child);
        let output = child.wait_with_output().unwrap();
        match code(&output) {
            130 => {}
            0 => continue,
            other => panic!("exit code {other}: {}", stderr(&output)),
        }
        let output = train(&out, "3").output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let said = stderr(&output);
        within |= said.contains("goes on with step") && !said.contains("step 0");
        for file in ["model.onnx", "weights.safetensors", "dynamics.parquet", "train.json"] {
            let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
            assert!(read(&out) == read(&whole), "{file}");
        }
        if within && round >= 3 {
            break;
        }
    }
    assert!(within, "no signal came within an epoch");
}

/// Five of the same command at once: some do the work, the others say that another process does, and nothing else.
fn five(make: &dyn Fn() -> Command) -> Vec<Output> {
    let children: Vec<Child> = (0..5).map(|_| piped(&mut make())).collect();
    let outputs: Vec<Output> =
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &outputs {
        let said = stderr(output);
        match code(output) {
            0 => {}
            2 => assert!(said.contains("another rightly process"), "{said}"),
            other => panic!("exit code {other}: {said}"),
        }
    }
    assert!(outputs.iter().any(|output| code(output) == 0));
    outputs
}

#[test]
fn of_five_processes_one_goes_on_and_nothing_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, both, model, alone] =
        ["a", "b", "both", "model", "alone"].map(|name| folder.path().join(name));
    let quick = ["--quick", "--quiet", "--measures", "ablation"];
    assert_eq!(code(&evaluate(&a, &quick).output().unwrap()), 0);
    assert_eq!(code(&evaluate(&b, &quick).args(["--scale", "0.55"]).output().unwrap()), 0);

    five(&|| train(&model, "1"));
    assert_eq!(code(&train(&alone, "1").output().unwrap()), 0);
    for file in ["model.onnx", "dynamics.parquet", "train.json"] {
        let read = |folder: &Path| fs::read(folder.join(file)).unwrap();
        assert!(read(&model) == read(&alone), "{file}");
    }

    five(&|| {
        let mut command = rightly();
        command.args(["compare", "--quiet"]).arg(&a).arg(&b).arg("--out").arg(&both);
        command
    });
    let compared = fs::read(both.join("metrics.json")).unwrap();
    let again = rightly().arg("compare").arg(&a).arg(&b).arg("--out").arg(&both).output().unwrap();
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert!(fs::read(both.join("metrics.json")).unwrap() == compared);

    let report = fs::read(a.join("report.html")).unwrap();
    let outputs = five(&|| {
        let mut command = rightly();
        command.arg("report").arg(&a);
        command
    });
    assert!(outputs.iter().any(|output| stdout(output).contains("report.html")));
    assert!(fs::read(a.join("report.html")).unwrap() == report);
}

#[test]
fn of_five_demos_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("demo");
    let demo = || {
        let mut command = rightly();
        command.args(["demo", "--world", "null", "--out"]).arg(&out);
        piped(&mut command)
    };
    let mut children: Vec<Child> = (0..5).map(|_| demo()).collect();
    // Four give up at once; the one that goes on is stopped, and may be taken up.
    let start = Instant::now();
    let mut ended = 0;
    while ended < 4 {
        ended = children.iter_mut().filter_map(|child| child.try_wait().unwrap()).count();
        assert!(start.elapsed() < Duration::from_secs(60), "{ended} of five have ended");
        sleep(Duration::from_millis(20));
    }
    while !out.join(".demo").is_file() {
        assert!(start.elapsed() < Duration::from_secs(60), "the one that goes on has not begun");
        sleep(Duration::from_millis(20));
    }
    for mut child in children {
        let working = child.try_wait().unwrap().is_none();
        if working {
            send("-TERM", &child);
        }
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(code(&output), if working { 130 } else { 2 }, "{said}");
        assert!(working || said.contains("another rightly process"), "{said}");
    }
    assert!(out.join(".demo").is_file());
}
