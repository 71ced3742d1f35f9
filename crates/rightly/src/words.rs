//! Lists and numbers in sentences.

/// At most ten names, and how many more there are.
pub(crate) fn shortened(names: &[String]) -> String {
    let shown = &names[..names.len().min(10)];
    let rest = names.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// A number for people: a real minus, and none before nothing.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => text,
    }
}

/// `1 cluster`, `2 clusters`.
pub(crate) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// How far values lie apart, in words: `no difference`, or the largest one.
pub(crate) fn difference(largest: f64) -> String {
    match largest {
        0.0 => "no difference".to_owned(),
        small if small < 1e-4 => "largest difference below 0.0001".to_owned(),
        other if other < 10.0 => {
            // Two digits that count.
            let digits = (1.0 - other.log10().floor()).max(0.0) as usize;
            format!("largest difference {other:.digits$}")
        }
        other => format!("largest difference {other:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!(number(-12.34, 0), "\u{2212}12");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(number(0.96, 1), "1.0");
        assert_eq!([counted(1, "cluster"), counted(2, "cluster")], ["1 cluster", "2 clusters"]);
    }

    #[test]
    fn differences_have_no_exponents() {
        for (value, words) in [
            (0.0, "no difference"),
            (9.8e-6, "largest difference below 0.0001"),
            (0.000_123, "largest difference 0.00012"),
            (0.034, "largest difference 0.034"),
            (0.81, "largest difference 0.81"),
            (3.06, "largest difference 3.1"),
            (12.7, "largest difference 13"),
        ] {
            assert_eq!(difference(value), words);
        }
        assert!(difference(f64::NAN).contains("NaN"));
    }

    #[test]
    fn long_lists_say_how_much_is_left_out() {
        let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        assert_eq!(shortened(&names[..2]), "0, 1");
        assert_eq!(shortened(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
