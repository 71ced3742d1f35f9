//! Endpoints that mean no good.

use super::*;

const HEAD: &str = "HTTP/1.1 200 Said\r\nContent-Type: application/json\r\nConnection: close\r\n";

fn short() -> LanguageOptions {
    LanguageOptions { timeout: Duration::from_secs(2), retries: 0, ..quick() }
}

/// What an act leads to, within a few seconds.
fn led_to(act: Act) -> Said {
    let start = Instant::now();
    let (said, _) = ask(vec![act], short());
    assert!(start.elapsed() < Duration::from_secs(6), "{said:?}");
    said
}

#[test]
fn answers_without_an_end_are_left() {
    let endless = |head: String, again: String| led_to(Act::Endless(head, again, Duration::ZERO));
    let letters = "x".repeat(4096);
    let too_large = Said::Silent(NoAnswer::TooLarge);
    assert_eq!(endless(format!("{HEAD}\r\n"), letters.clone()), too_large);
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    assert_eq!(endless(chunked, format!("1000\r\n{letters}\r\n")), too_large);
    let long = format!("{HEAD}Content-Length: 99999999999\r\n\r\n");
    assert_eq!(endless(long, letters.clone()), too_large);
    for (head, again) in [
        ("HTTP/1.1 200 ", letters.clone()),
        (HEAD, format!("X-More: {letters}\r\n")),
        ("", "HTTP/1.1 100 Continue\r\n\r\n".into()),
        ("", "\r\n".into()),
    ] {
        let said = endless(head.into(), again);
        assert!(matches!(said, Said::Silent(NoAnswer::Unreachable { .. })), "{head}: {said:?}");
    }
}

#[test]
fn what_drips_is_left_at_the_time_limit() {
    let pause = Duration::from_millis(50);
    for head in ["HTTP/1.1 200 Said\r\nX: ".to_owned(), format!("{HEAD}\r\n{{\"choices\": \"")] {
        let said = led_to(Act::Endless(head, "x".into(), pause));
        let Said::Silent(NoAnswer::Unreachable { message, .. }) = &said else { panic!("{said:?}") };
        assert_eq!(message, "longer than 2.0 s");
    }
}

#[test]
fn a_wrong_length_or_a_deep_body_is_no_answer() {
    let Act::Answer(_, _, body) = completion(ANSWER) else { unreachable!() };
    let of = |length: usize, body: &str| {
        led_to(Act::Raw(format!("{HEAD}Content-Length: {length}\r\n\r\n{body}")))
    };
    assert_eq!(of(body.len(), &body), words());
    let more = of(body.len() + 10, &body);
    assert!(matches!(more, Said::Silent(NoAnswer::Unreachable { .. })), "{more:?}");
    let less = of(body.len() - 10, &body);
    assert!(matches!(less, Said::Silent(NoAnswer::Malformed(_))), "{less:?}");
    for deep in ["[".repeat(60_000), "{\"choices\":".repeat(5_000), "{\"error\":".repeat(6_000)] {
        let said = of(deep.len(), &deep);
        assert!(matches!(said, Said::Silent(NoAnswer::Malformed(_))), "{said:?}");
        let said = led_to(Act::Answer(400, String::new(), deep));
        assert!(matches!(said, Said::Silent(NoAnswer::Status { status: 400, .. })), "{said:?}");
    }
}

#[test]
fn the_stop_flag_leaves_a_silent_server() {
    let server = Server::start(vec![Act::Silence(Duration::from_secs(20))]);
    let (folder, stop) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    let options = LanguageOptions { timeout: Duration::from_secs(20), ..quick() };
    let model = model(&server.url, folder.path(), options);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let said = scope.spawn(|| model.say(&evidence(), &stop));
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(said.join().unwrap(), Said::Silent(NoAnswer::Interrupted));
    });
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_key_that_comes_back_is_kept_nowhere() {
    let escaped = KEY.replace('-', "\\u002d");
    let reply =
        |words: &str| format!("{{\"title\": \"Wolves in snow\", \"sentence\": \"{words}\"}}");
    let answer = |words: &str| completion(&reply(words));
    let broken = |words: &str| Act::Raw(format!("{HEAD}\r\n{words}"));
    let moved = |words: &str| Act::Answer(302, format!("Location: {words}\r\n"), String::new());
    let spread: String = KEY.chars().flat_map(|c| [c, '\u{200b}']).collect();
    for act in [
        answer(&format!("Wolves like {KEY}.")),
        answer(&format!("Wolves like {spread}.")),
        answer(&format!("Wolves like {escaped}.")),
        completion(KEY),
        broken(KEY),
        broken(&spread),
        broken(&format!("{{\"choices\": \"{escaped}\"}}")),
        moved(&format!("/{KEY}")),
        status(400, "", &format!("not {spread}")),
        status(500, "", &format!("not {}", KEY.to_uppercase())),
    ] {
        let server = Server::start(vec![act]);
        let folder = tempfile::tempdir().unwrap();
        let model = model(&server.url, folder.path(), short());
        let said = model.say(&evidence(), &AtomicBool::new(false));
        let kept = contents(folder.path()).join("\n");
        for text in [format!("{said:?}"), said.problem().unwrap_or_default(), kept] {
            let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
            assert!(!letters.to_lowercase().contains("verys3cret"), "{text}");
            assert!(!text.contains("sk\\\\u002dvery"), "{text}");
        }
    }
}
