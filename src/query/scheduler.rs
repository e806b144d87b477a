//! The address of a cluster's scheduler.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The scheme of such an address.
const SCHEME: &str = "df";

/// Where a scheduler listens, `df://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduler {
    host: String,
    port: u16,
}

impl FromStr for Scheduler {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url: Option<Url> = text.parse().ok();
        let url = url.filter(|url| {
            let is_bare = url.username().is_empty() && url.password().is_none();
            let is_short = ["", "/"].contains(&url.path()) && url.query().is_none();
            url.scheme() == SCHEME && is_bare && is_short && url.fragment().is_none()
        });
        let parts = url.as_ref().and_then(|url| Some((url.host_str()?, url.port()?)));
        match parts {
            Some((host, port)) if port > 0 => Ok(Self { host: host.to_owned(), port }),
            _ => Err("write df://HOST:PORT".to_owned()),
        }
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}://{}", self.host_and_port())
    }
}

impl Scheduler {
    /// Returns what a connection is made to, `HOST:PORT`.
    pub(super) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns host and port.
    #[cfg_attr(not(feature = "ballista"), expect(dead_code, reason = "only clusters need it"))]
    pub(super) fn parts(&self) -> (String, u16) {
        (self.host.clone(), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written() {
        for text in ["df://localhost:50050", "df://[::1]:50050", "df://10.0.0.1:1"] {
            assert_eq!(text.parse::<Scheduler>().unwrap().to_string(), text);
        }
        assert_eq!("df://host:1/".parse::<Scheduler>().unwrap().to_string(), "df://host:1");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "localhost:50050",
            "http://localhost:50050",
            "df://localhost",
            "df://:50050",
            "df://localhost:0",
            "df://localhost:70000",
            "df://user:hidden@localhost:50050",
            "df://localhost:50050/path",
            "df://localhost:50050?a=b",
        ] {
            assert_eq!(text.parse::<Scheduler>().unwrap_err(), "write df://HOST:PORT", "{text}");
        }
    }
}
