//! The help that users read.

use crate::support::{code, rightly, stdout};

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let output = rightly().arg("--help").output().unwrap();
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    for word in
        ["audit", "evaluate", "mitigate", "metrics", "report", "data", "model", "Exit codes"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn help_of_a_stage_is_grouped_and_shows_an_example() {
    let output = rightly().args(["evaluate", "--help"]).output().unwrap();
    let text = stdout(&output);
    for word in ["Model:", "Data:", "Measures:", "Run:", "Example:", "--noise-levels", "--cluster"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}
