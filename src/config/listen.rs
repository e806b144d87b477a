//! Where to listen: `ADDR:PORT`, `NAME:PORT`, or a port of this machine alone.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

/// How addresses are written.
const FORMS: &str = "write ADDR:PORT, NAME:PORT or a port alone, such as 127.0.0.1:8080";
/// Bytes of a host's name at most.
const NAME_BYTES_MAX: usize = 253;

/// An address to listen on, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// An address of this machine.
    Address(SocketAddr),
    /// The name of a host, which has addresses, and a port.
    Name(String, u16),
}

impl Listen {
    /// Returns the addresses, those of IPv4 first: at least one.
    ///
    /// # Errors
    /// The system's error if the name has none.
    pub fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::Address(address) => Ok(vec![*address]),
            Self::Name(name, port) => {
                let mut found: Vec<SocketAddr> =
                    (name.as_str(), *port).to_socket_addrs()?.collect();
                // As a client that knows one kind only would look for it.
                found.sort_by_key(SocketAddr::is_ipv6);
                found.dedup();
                if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
            }
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Name(name, port) => write!(f, "{name}:{port}"),
        }
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        if let Some(port) = port(text) {
            return Ok(Self::Address(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)));
        }
        let (name, after) = text.rsplit_once(':').ok_or(FORMS)?;
        let port = port(after).ok_or(FORMS)?;
        if is_name(name) { Ok(Self::Name(name.to_owned(), port)) } else { Err(FORMS.to_owned()) }
    }
}

fn port(text: &str) -> Option<u16> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Tells whether it could be a host's name; what looks like a number is a mistyped address.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(is_plain)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Where another listener is, if anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenOrOff {
    /// There.
    At(Listen),
    /// Nowhere.
    Off,
}

impl FromStr for ListenOrOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(Self::Off),
            text => text.parse().map(Self::At).map_err(|forms: String| format!("{forms}; or off")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_name_or_a_port_alone() {
        for (text, shown) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:0", "[::1]:0"),
            ("8080", "127.0.0.1:8080"),
            ("0", "127.0.0.1:0"),
            ("localhost:8080", "localhost:8080"),
            ("ingest.example:80", "ingest.example:80"),
        ] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), shown, "{text}");
        }
        for wrong in [
            "",
            "nowhere",
            ":8080",
            "::1:8080",
            "65536",
            "-1",
            "+80",
            "a:",
            "a:b",
            "a b:80",
            "http://localhost:8080",
            "1.2.3:80",
            "256.0.0.1:80",
            "127.0.0.1",
            "a:99999",
        ] {
            let error = wrong.parse::<Listen>().unwrap_err();
            assert!(error.contains("NAME:PORT"), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_name_becomes_addresses_with_its_port() {
        let found = "localhost:8080".parse::<Listen>().unwrap().resolve().unwrap();
        assert!(found.iter().all(|address| address.port() == 8080 && address.ip().is_loopback()));
        assert!(found.is_sorted_by_key(SocketAddr::is_ipv6) && !found.is_empty(), "{found:?}");
        assert!("nowhere.invalid:80".parse::<Listen>().unwrap().resolve().is_err());
    }

    #[test]
    fn a_listener_may_be_off() {
        assert_eq!("off".parse::<ListenOrOff>().unwrap(), ListenOrOff::Off);
        let at = ListenOrOff::At("8081".parse().unwrap());
        assert_eq!("8081".parse::<ListenOrOff>().unwrap(), at);
        assert!("on".parse::<ListenOrOff>().unwrap_err().contains("or off"));
    }
}
