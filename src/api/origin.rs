//! Access control for embedded pages: which messages may call the scripting API.

/// Whether a message from `origin` may drive a page whose link says `#embed=allowed`: only when the frame that sent it is the
/// parent of this one, and its origin is the one in the link to the letter. Openers, popups, frames beside this one and frames
/// within it are refused whatever their origin.
pub fn may_drive(allowed: &str, origin: &str, is_from_parent: bool) -> bool {
    is_from_parent && is_web_origin(allowed) && origin == allowed
}

/// Whether `text` is the origin of a page as browsers write it: `scheme://host` or `scheme://host:port`, with `http` or `https`, a
/// host in lower case and a port that is not the scheme's own. Neither `*` nor `null` (files and sandboxed frames) is one.
pub fn is_web_origin(text: &str) -> bool {
    let (rest, own_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, "443"),
        (_, Some(rest)) => (rest, "80"),
        _ => return false,
    };
    let (is_host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            let is_address = address
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b':'));
            (is_address && address.contains(':'), port)
        }
        None => {
            let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
            let is_host = host
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'.' | b'_'));
            (is_host && !host.is_empty(), port)
        }
    };
    let is_port = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => {
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && (digits == "0" || !digits.starts_with('0'))
                && digits != own_port
                && digits.parse::<u16>().is_ok()
        }
    };
    is_host && is_port
}

#[cfg(test)]
mod tests {
    use mtl_kernels::random::Random;

    use super::*;

    /// A valid origin, or one with an edit.
    fn generated(random: &mut Random) -> String {
        let mut pick = |from: &[&str]| from[random.below(from.len())].to_owned();
        let scheme = pick(&[
            "https://",
            "https://",
            "http://",
            "http://",
            "http:/",
            "http:",
            "ftp://",
            "file://",
            "blob:http://",
            "HTTPS://",
            "",
            "*://",
            "null",
            "javascript://",
            "data:",
            " https://",
        ]);
        let mut host = String::new();
        for _ in 0..1 + pick(&["a", "bb", "ccc"]).len() {
            host.push_str(&pick(&[
                "lesson",
                "example",
                "a",
                "x--1",
                "127.0.0.1",
                "localhost",
                ".",
                ".",
                "-",
                "[::1]",
                "[fe80::1]",
                "A",
                "é",
                "@",
                "*",
                "_",
                "%41",
                "/",
                "\\",
                "?",
                "#",
                "\n",
                "\t",
                " ",
                "\0",
                "\u{202e}",
                "user:pass@",
                "xn--bcher-kva",
                "[",
                "]",
            ]));
        }
        let port = pick(&[
            "", "", "", ":80", ":443", ":8080", ":1", ":65535", ":65536", ":0", ":080", ":", ":x", ":-1",
            ":8080:1", ":8080/",
        ]);
        format!("{scheme}{host}{port}")
    }

    /// One edit of a text: a character removed, added or in another case.
    fn mutated(text: &str, random: &mut Random) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let at = random.below(letters.len().max(1));
        match random.below(4) {
            0 if at < letters.len() => drop(letters.remove(at)),
            1 => letters.insert(
                at.min(letters.len()),
                ['/', '.', '*', ':', '@', 'a', '0', '\0'][random.below(8)],
            ),
            2 if at < letters.len() => letters[at] = letters[at].to_ascii_uppercase(),
            _ => letters.push(['/', '.', ':', '#', ' ', 'x', '0', '\\'][random.below(8)]),
        }
        letters.into_iter().collect()
    }

    /// Comparison with the `url` crate's parser: `text` is a URL that consists of its origin only.
    fn is_serialised_origin(text: &str) -> bool {
        url::Url::parse(text).is_ok_and(|address| {
            matches!(address.scheme(), "http" | "https") && address.origin().ascii_serialization() == text
        })
    }

    fn is_plain(c: char) -> bool {
        c.is_ascii_lowercase() || c.is_ascii_digit() || "-._:[]".contains(c)
    }

    #[test]
    fn faults_only_the_parent_of_the_origin_in_the_link_drives_the_page() {
        let mut random = Random::new(17);
        let (mut n_accepted, mut n_origins) = (0, 0);
        for _ in 0..200_000 {
            let allowed = generated(&mut random);
            let origin = match random.below(3) {
                0 => allowed.clone(),
                1 => mutated(&allowed, &mut random),
                _ => generated(&mut random),
            };
            assert!(
                !may_drive(&allowed, &origin, false),
                "{allowed:?} lets others in than the parent"
            );
            if may_drive(&allowed, &origin, true) {
                n_accepted += 1;
                assert_eq!(allowed, origin);
                let host = allowed.split_once("://").map(|(_, host)| host);
                assert!(host.is_some_and(|host| host.chars().all(is_plain)), "{allowed:?}");
            }
            if is_serialised_origin(&allowed)
                && allowed
                    .split_once("://")
                    .is_some_and(|(_, host)| host.chars().all(is_plain))
            {
                n_origins += 1;
                assert!(may_drive(&allowed, &allowed, true), "{allowed:?} is an origin");
            }
        }
        assert!(
            n_accepted > 300 && n_origins > 1_000,
            "{n_accepted} accepted, {n_origins} origins"
        );
    }

    #[test]
    fn faults_wildcards_and_opaque_origins_are_nobody() {
        for nobody in [
            "*",
            "null",
            "",
            "/",
            "https://",
            "https://*",
            "https://a.example/",
            "https://a.example:443",
            "file://",
        ] {
            assert!(!may_drive(nobody, nobody, true), "{nobody:?}");
        }
        for origin in [
            "https://lesson.example",
            "http://localhost:8000",
            "http://[::1]:3000",
        ] {
            assert!(may_drive(origin, origin, true), "{origin:?}");
        }
    }
}
