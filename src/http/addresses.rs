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
    let [first, second, third, ..] = address.segments();
    (0x2000..0x4000).contains(&first)
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && first != 0x2002
        && !(first == 0x2620 && second == 0x004f && third == 0x8000)
        && !(first == 0x3fff && second < 0x1000)
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::*;

    /// Addresses of each family that are classified.
    const ADDRESSES: usize = 500_000;

    /// The registry for IPv4, without the single anycast addresses in 192.0.0.0/24, and multicast.
    const SPECIAL_V4: &[(&str, u32)] = &[
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.31.196.0", 24),
        ("192.52.193.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("192.175.48.0", 24),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
        ("255.255.255.255", 32),
    ];

    /// The registry for IPv6, and what is deprecated or multicast.
    const SPECIAL_V6: &[(&str, u32)] = &[
        ("::", 96),
        ("::1", 128),
        ("::ffff:0:0", 96),
        ("64:ff9b::", 96),
        ("64:ff9b:1::", 48),
        ("100::", 64),
        ("100:0:0:1::", 64),
        ("2001::", 23),
        ("2001::", 32),
        ("2001:2::", 48),
        ("2001:10::", 28),
        ("2001:20::", 28),
        ("2001:30::", 28),
        ("2001:db8::", 32),
        ("2002::", 16),
        ("2620:4f:8000::", 48),
        ("3fff::", 20),
        ("5f00::", 16),
        ("fc00::", 7),
        ("fe80::", 10),
        ("fec0::", 10),
        ("ff00::", 8),
    ];

    /// A block as its bits without those of a host, and how many those are.
    fn blocks(table: &[(&str, u32)], bits: u32) -> Vec<(u128, u32)> {
        let block = |(network, prefix): &(&str, u32)| match network.parse().unwrap() {
            IpAddr::V4(network) => (u128::from(network.to_bits()), bits - prefix),
            IpAddr::V6(network) => (network.to_bits(), bits - prefix),
        };
        table.iter().map(block).collect()
    }

    fn holds((network, host): &(u128, u32), address: u128) -> bool {
        (address ^ network).checked_shr(*host).unwrap_or(0) == 0
    }

    /// Anywhere, in a block, or at most one beside it.
    fn any(random: &mut Rng, blocks: &[(u128, u32)], bits: u32) -> u128 {
        let all = u128::MAX >> (128 - bits);
        let (network, host) = blocks[random.usize(..blocks.len())];
        let size = 1_u128.checked_shl(host).unwrap_or(0);
        let found = match random.u8(..4) {
            0 => random.u128(..),
            1 => network | (random.u128(..) & size.wrapping_sub(1)),
            2 => network.wrapping_sub(random.u128(..=1)),
            _ => network.wrapping_add(size).wrapping_sub(random.u128(..=1)),
        };
        found & all
    }

    #[test]
    fn an_address_is_public_if_no_registry_says_otherwise() {
        let mut random = Rng::with_seed(35);
        let (v4, v6) = (blocks(SPECIAL_V4, 32), blocks(SPECIAL_V6, 128));
        for _ in 0..ADDRESSES {
            let bits = any(&mut random, &v4, 32);
            let special = v4.iter().any(|block| holds(block, bits));
            let address = Ipv4Addr::from_bits(u32::try_from(bits).unwrap());
            assert_eq!(is_public(address.into()), !special, "{address}");
            for disguised in [address.to_ipv6_mapped(), address.to_ipv6_compatible()] {
                assert!(!is_public(disguised.into()), "{disguised}");
            }
            let bits = any(&mut random, &v6, 128);
            let special = v6.iter().any(|block| holds(block, bits));
            let global_unicast = bits >> 125 == 1;
            let address = Ipv6Addr::from_bits(bits);
            assert_eq!(is_public(address.into()), global_unicast && !special, "{address}");
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
