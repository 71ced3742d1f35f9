//! A small reader of HTML, enough to tell whether tags are balanced and what a reader sees.

/// Elements without an end tag.
const VOID: [&str; 5] = ["meta", "img", "br", "input", "link"];

/// Checks that every tag is closed in order; returns the text outside tags, scripts and styles,
/// one piece a line.
pub(crate) fn text(page: &str) -> Result<String, String> {
    let mut open: Vec<&str> = Vec::new();
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let piece = rest[..at].trim();
        let hidden = open.iter().any(|t| ["style", "script", "svg"].contains(t));
        if !piece.is_empty() && !hidden {
            out.push_str(piece);
            out.push('\n');
        }
        rest = &rest[at..];
        let end = tag_end(rest).ok_or_else(|| format!("a tag never ends: {:.60}", rest))?;
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => {}
                last => return Err(format!("</{name}> closes {last:?}")),
            }
            continue;
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        if !VOID.contains(&name) {
            open.push(name);
        }
        // Scripts and styles hold no tags.
        if name == "script" || name == "style" {
            let close = format!("</{name}>");
            let at = rest.find(&close).ok_or_else(|| format!("{name} never ends"))?;
            rest = &rest[at..];
        }
    }
    if open.is_empty() { Ok(out) } else { Err(format!("never closed: {open:?}")) }
}

/// Index of the `>` that ends the tag at the start of `text`, quotes respected.
fn tag_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.char_indices().find_map(|(i, c)| {
        quoted ^= c == '"';
        (c == '>' && !quoted).then_some(i)
    })
}

#[test]
fn unbalanced_tags_are_seen() {
    assert_eq!(text("<p>a <b title=\"x > y\">c</b></p>").unwrap(), "a\nc\n");
    assert!(text("<p><b></p></b>").is_err());
    assert!(text("<p>").is_err());
    assert!(text("<p").is_err());
}
