//! Accounts, hosts and free mail, through their public faces.

use proptest::prelude::{any, proptest};

use super::{
    account_domain, email_domain, host_of, is_freemail, path_of, referrer_host, registrable_domain,
};

#[test]
fn registrable_domains() {
    let check = |host: &str, expected: Option<&str>| {
        assert_eq!(registrable_domain(host).as_deref(), expected, "{host}");
    };
    check("www.acme.com", Some("acme.com"));
    check("A.B.Acme.CO.UK.", Some("acme.co.uk"));
    check("acme.com:8443", Some("acme.com"));
    check("shop.acme.github.io", Some("acme.github.io"));
    check("github.io", Some("github.io"));
    check("northwind.example", Some("northwind.example"));
    check("www.münchen.de", Some("xn--mnchen-3ya.de"));
    check("co.uk", None);
    check("com", None);
    check("localhost", None);
    check("10.0.0.1", None);
    check("[::1]:80", None);
    check("", None);
    check("a..b", None);
    check("two words.com", None);
}

#[test]
fn hosts() {
    let check = |url: &str, expected: Option<&str>| {
        assert_eq!(host_of(url).as_deref(), expected, "{url}");
    };
    check("https://www.Example.com/pricing?utm_source=x", Some("www.example.com"));
    check("HTTP://user:p@ss@example.com:8080/", Some("example.com"));
    check("http://example.com?x=1", Some("example.com"));
    check("//cdn.example.com/x", Some("cdn.example.com"));
    check("example.com/x", Some("example.com"));
    check("  example.com.  ", Some("example.com"));
    check("http://localhost:3000/", Some("localhost"));
    check("http://[2001:DB8::1]:80/", Some("[2001:db8::1]"));
    // Found by fuzzing: anything passed for an address as long as it stood in brackets.
    check("http://[::1 = \"\0x\"}]", None);
    check("http://[]/", None);
    check("//[acme.com]", None);
    check("http://10.1.2.3/", Some("10.1.2.3"));
    check("https://bücher.example/", Some("xn--bcher-kva.example"));
    for garbage in [
        "",
        " ",
        "n/a",
        "localhost",
        "dana@acme.com",
        "mailto:dana@acme.com",
        "javascript:alert(1)",
        "ftp://acme.com/",
        "1.5",
        "a b.com",
        "https://",
        "https:///x",
        "<string>",
        "http://a..b/",
        "about:blank",
        "[::1",
        "landingPage",
    ] {
        check(garbage, None);
    }
}

#[test]
fn paths() {
    let check = |url: &str, expected: Option<&str>| assert_eq!(path_of(url), expected, "{url}");
    check("https://example.com/Demo/x?y#z", Some("/Demo/x"));
    check("https://example.com", Some("/"));
    check("https://example.com?x=/y", Some("/"));
    check("example.com/x", Some("/x"));
    check("/pricing?x", Some("/pricing"));
    check("//example.com/p", Some("/p"));
    check("garbage", None);
}

#[test]
fn referrer_hosts() {
    let check = |url: &str, expected: Option<&str>| {
        assert_eq!(referrer_host(url).as_deref(), expected, "{url}");
    };
    check("https://WWW.LinkedIn.com/", Some("linkedin.com"));
    check("https://www.com/", Some("www.com"));
    check("android-app://com.linkedin.android/", Some("com.linkedin.android"));
    check("android-app://com.google.android.gm", Some("com.google.android.gm"));
    check("$direct", None);
    check("android-app://", None);
}

#[test]
fn email_domains() {
    let check = |email: &str, expected: Option<&str>| {
        assert_eq!(email_domain(email).as_deref(), expected, "{email}");
    };
    check(" Dana@Mail.Acme.com ", Some("mail.acme.com"));
    for bad in ["dana", "@acme.com", "dana@", "a b@acme.com", "a@b@acme.com", "dana@acme", ""] {
        check(bad, None);
    }
}

#[test]
fn free_mail() {
    for domain in ["gmail.com", "GMAIL.com.", "yahoo.co.uk", "gold.yahoo.co.uk", "web.de", "qq.com"]
    {
        assert!(is_freemail(domain), "{domain}");
    }
    for domain in ["acme.com", "co.uk", "notgmail.com", "", "."] {
        assert!(!is_freemail(domain), "{domain}");
    }
}

#[test]
fn accounts_by_strength_of_evidence() {
    let check = |email, jobs: &[Option<&str>], companies: &[Option<&str>], expected| {
        assert_eq!(account_domain(email, jobs, companies).as_deref(), expected);
    };
    let job = [None, Some("https://www.Initech.co.uk/about")];
    let company = [Some("globex.com")];
    check(Some("d@mail.acme.com"), &job, &company, Some("acme.com"));
    check(Some("d@gmail.com"), &job, &company, Some("initech.co.uk"));
    check(Some("not an address"), &[None], &company, Some("globex.com"));
    check(None, &[Some("n/a")], &company, Some("globex.com"));
    check(None, &[Some("linkedin.com/company/globex")], &company, Some("globex.com"));
    check(None, &[Some("https://www.linkedin.com/")], &company, Some("globex.com"));
    check(None, &[Some("x.com"), Some("fb.com/globex")], &[Some("https://xing.com")], None);
    check(Some("d@linkedin.com"), &[], &company, Some("linkedin.com"));
    check(Some("d@gmail.com"), &[], &[], None);
    check(None, &[], &[None], None);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), rest in ".*") {
        for url in [text.clone(), format!("http://{text}"), format!("https://a.com{rest}"),
                    format!("android-app:{rest}"), format!("[{rest}"), format!("www.{rest}")] {
            let _ = (host_of(&url), path_of(&url), referrer_host(&url), registrable_domain(&url));
            let _ = (email_domain(&url), is_freemail(&url));
            let _ = account_domain(Some(&url), &[Some(&url)], &[]);
        }
    }

    #[test]
    fn a_registrable_domain_is_its_own(host in "([a-z0-9]{1,5}\\.){1,3}(com|co\\.uk|io|de)") {
        let domain = registrable_domain(&host).unwrap();
        assert!(host.ends_with(&domain));
        assert_eq!(registrable_domain(&domain), Some(domain.clone()));
    }
}
