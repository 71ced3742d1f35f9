//! Values of SciPy; `reference/words.py` made them.

use rightly_stats::{
    association::TwoByTwo,
    auc::{auc, mann_whitney},
};
use serde_json::Value;

fn golden(subject: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("../golden/words.json")).unwrap();
    file[subject].as_array().unwrap().clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::INFINITY)
}

fn near(what: &str, got: f64, expected: f64) {
    let close = got == expected || (got - expected).abs() <= 1e-6 * expected.abs().max(1e-9);
    assert!(close, "{what}: {got}, expected {expected}");
}

#[test]
fn tables_agree_with_scipy() {
    let cases = golden("tables");
    assert_eq!(cases.len(), 9);
    for case in cases {
        let cell = |at: usize| case["table"][at].as_u64().unwrap();
        let table = TwoByTwo {
            inside_with: cell(0),
            inside_without: cell(1),
            outside_with: cell(2),
            outside_without: cell(3),
        };
        let what = format!("{}", case["table"]);
        near(&what, table.fisher(), number(&case["p"]));
        let odds = table.odds_ratio().unwrap();
        for (got, expected) in
            [odds.value, odds.low, odds.high].into_iter().zip(case["odds"].as_array().unwrap())
        {
            near(&what, got, number(expected));
        }
    }
}

#[test]
fn scores_agree_with_scipy() {
    for case in golden("scores") {
        let side = |name: &str| -> Vec<f64> {
            case[name].as_array().unwrap().iter().map(number).collect()
        };
        let (inside, outside) = (side("inside"), side("outside"));
        let mut members = vec![true; inside.len()];
        members.resize(inside.len() + outside.len(), false);
        let scores = [inside, outside].concat();
        let area = auc(&scores, &members);
        near("area", area.value.unwrap(), number(&case["auc"]));
        assert!(area.low < area.value && area.value < area.high);
        near("p", mann_whitney(&scores, &members), number(&case["p"]));
    }
}
