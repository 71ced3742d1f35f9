//! Lists in sentences.

/// At most ten names, and how many more there are.
pub(crate) fn shortened(names: &[String]) -> String {
    let shown = &names[..names.len().min(10)];
    let rest = names.len() - shown.len();
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_say_how_much_is_left_out() {
        let names: Vec<String> = (0..12).map(|n| n.to_string()).collect();
        assert_eq!(shortened(&names[..2]), "0, 1");
        assert_eq!(shortened(&names), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more");
    }
}
