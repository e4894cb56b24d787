//! Which addresses are public: the special-purpose registries of IANA, read from the other side.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address belongs to the public internet, and to nothing that could lead inside.
///
/// Sources: IANA's IPv4 and IPv6 Special-Purpose Address Registries.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 31 && c == 196)
        || (a == 192 && b == 52 && c == 193)
        || (a == 192 && b == 88 && c == 99)
        || (a == 192 && b == 175 && c == 48)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Only global unicast (`2000::/3`) without its tunnels and special blocks: everything else is
/// loopback, local, multicast, or an IPv4 address in disguise.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && first != 0x2002
        && !(first == 0x2620 && second == 0x004f)
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Networks that must never count as public, as address and prefix length.
    const SPECIAL_V4: &[(&str, u32)] = &[
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
    ];
    const SPECIAL_V6: &[(&str, u32)] = &[
        ("::", 8),
        ("64:ff9b::", 16),
        ("100::", 64),
        ("2001::", 23),
        ("2001:db8::", 32),
        ("2002::", 16),
        ("3fff::", 20),
        ("fc00::", 7),
        ("fe80::", 10),
        ("fec0::", 10),
        ("ff00::", 8),
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn no_address_of_a_special_block_is_public(bits: u32, more: u128) {
            for (network, prefix) in SPECIAL_V4 {
                let base = network.parse::<Ipv4Addr>().unwrap().to_bits();
                let inside = Ipv4Addr::from_bits(base | (bits & (u32::MAX >> prefix)));
                prop_assert!(!is_public(inside.into()), "{inside}");
                let mapped = inside.to_ipv6_mapped();
                prop_assert!(!is_public(mapped.into()), "{mapped}");
            }
            for (network, prefix) in SPECIAL_V6 {
                let base = network.parse::<Ipv6Addr>().unwrap().to_bits();
                let inside = Ipv6Addr::from_bits(base | (more & (u128::MAX >> prefix)));
                prop_assert!(!is_public(inside.into()), "{inside}");
            }
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for address in ["1.1.1.1", "93.184.216.34", "223.255.255.255", "2606:4700::1111", "2a00::1"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
