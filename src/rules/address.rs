//! Reads an address or CIDR block, as a rule writes it, into a network.
//!
//! It never looks a name up.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

use super::fault::{Problem, quoted};

/// `203.0.113.7`, `203.0.113.0/24` or the same in IPv6.
pub(super) fn parse(text: &str) -> Result<IpNet, Problem> {
    if text.is_empty() {
        return Err(Problem::EmptyValue);
    }
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text.parse().map_err(|_| Problem::NotIp(quoted(text)))?,
    };
    if network.trunc() != network {
        let (block, address) = (network.trunc().to_string(), network.addr().to_string());
        return Err(Problem::IpHostBits { written: quoted(text), block, address });
    }
    Ok(canonical(network))
}

/// The line's address; an IPv4 address written as IPv6 (`::ffff:203.0.113.7`) as the IPv4 address it is.
pub(super) fn of_line(text: &str) -> Option<IpAddr> {
    text.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// The same for a block, so that it is compared with what [`of_line`] gives.
fn canonical(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else {
        return network;
    };
    let prefix = match network {
        IpNet::V4(network) => Some(network.prefix_len()),
        IpNet::V6(network) => network.prefix_len().checked_sub(96),
    };
    prefix.and_then(|prefix| Ipv4Net::new(address, prefix).ok()).map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_its_addresses_and_no_other() {
        let check = |block: &str, address: &str, inside: bool| {
            let address = of_line(address).unwrap();
            assert_eq!(parse(block).unwrap().contains(&address), inside, "{block} {address}");
        };
        check("203.0.113.7", "203.0.113.7", true);
        check("203.0.113.7", "203.0.113.8", false);
        check("203.0.113.0/24", "203.0.113.255", true);
        check("203.0.113.0/24", "203.0.114.0", false);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:DB8:0::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "2001:db8::1", true);
        check("203.0.113.0/24", "::ffff:203.0.113.9", true);
        check("::ffff:203.0.113.0/120", "203.0.113.9", true);
        check("::ffff:203.0.113.9", "203.0.113.9", true);
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in ["", "-", "localhost", "203.0.113", "203.0.113.7:443", "203.0.113.7, 10.0.0.1"] {
            assert_eq!(of_line(text), None, "{text:?}");
        }
    }
}
