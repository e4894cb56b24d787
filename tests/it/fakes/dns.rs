//! A name server on loopback that answers what the test says, and a lookup that asks it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use earlybrd::http::Lookup;
use futures_util::FutureExt;
use tokio::net::UdpSocket;

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// One record of an answer.
#[derive(Debug, Clone)]
pub enum Record {
    Address(IpAddr),
    /// Another name, which is asked for next.
    Alias(&'static str),
}

impl Record {
    fn kind(&self) -> u16 {
        match self {
            Self::Address(IpAddr::V4(_)) => A,
            Self::Address(IpAddr::V6(_)) => AAAA,
            Self::Alias(_) => CNAME,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Address(IpAddr::V4(address)) => address.octets().to_vec(),
            Self::Address(IpAddr::V6(address)) => address.octets().to_vec(),
            Self::Alias(name) => written(name),
        }
    }
}

/// What a name has, by the number of the lookup, from 0.
pub type Zone = fn(name: &str, lookup: usize) -> Vec<Record>;

/// The server.
pub struct NameServer {
    address: SocketAddr,
    lookups: Arc<AtomicUsize>,
}

impl NameServer {
    pub async fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let lookups = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lookups);
        let serve = async move {
            let mut buffer = [0; 512];
            while let Ok((size, client)) = socket.recv_from(&mut buffer).await {
                // A lookup asks for A first, then for AAAA.
                let lookup = counted.load(Ordering::SeqCst);
                let answer = answer(&buffer[..size], |name| zone(name, lookup));
                if question(&buffer[..size]).1 == AAAA {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                socket.send_to(&answer, client).await.unwrap();
            }
        };
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(serve);
        Self { address, lookups }
    }

    /// How often somebody looked a name up, aliases counted.
    pub fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }

    /// Asks this server, as a system's resolver would, and goes on to what an alias names.
    pub fn lookup(&self) -> Lookup {
        let server = self.address;
        Arc::new(move |name| resolve(server, name).boxed())
    }
}

async fn resolve(server: SocketAddr, mut name: String) -> io::Result<Vec<IpAddr>> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await?;
    socket.connect(server).await?;
    loop {
        let (mut addresses, mut alias) = (Vec::new(), None);
        for kind in [A, AAAA] {
            let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
            query.extend(written(&name));
            query.extend(kind.to_be_bytes());
            query.extend([0, 1]);
            socket.send(&query).await?;
            let mut buffer = [0; 512];
            let size = socket.recv(&mut buffer).await?;
            let mut rest = &buffer[query.len()..size];
            while !rest.is_empty() {
                // A pointer to the question's name, kind, class, TTL, size, data.
                let size = usize::from(u16::from_be_bytes([rest[10], rest[11]]));
                let data = &rest[12..12 + size];
                match u16::from_be_bytes([rest[2], rest[3]]) {
                    A => addresses.push(<[u8; 4]>::try_from(data).unwrap().into()),
                    AAAA => addresses.push(<[u8; 16]>::try_from(data).unwrap().into()),
                    _ => alias = Some(read(data).0),
                }
                rest = &rest[12 + size..];
            }
        }
        match alias {
            Some(alias) if addresses.is_empty() => name = alias,
            _ => return Ok(addresses),
        }
    }
}

/// The response to a query, with a TTL of 0.
fn answer(query: &[u8], zone: impl Fn(&str) -> Vec<Record>) -> Vec<u8> {
    let (name, kind) = question(query);
    let records = zone(&name).into_iter();
    let records: Vec<_> = records.filter(|it| [kind, CNAME].contains(&it.kind())).collect();
    let mut answer = query.to_vec();
    answer[2] |= 0x80;
    answer[7] = u8::try_from(records.len()).unwrap();
    for record in records {
        let data = record.data();
        answer.extend([0xc0, 12]);
        answer.extend(record.kind().to_be_bytes());
        answer.extend([0, 1, 0, 0, 0, 0]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    }
    answer
}

fn question(query: &[u8]) -> (String, u16) {
    let (name, size) = read(&query[12..]);
    (name, u16::from_be_bytes([query[12 + size], query[13 + size]]))
}

/// A name as labels, each with its length before it.
fn written(name: &str) -> Vec<u8> {
    let mut labels = Vec::new();
    for label in name.split('.') {
        labels.push(u8::try_from(label.len()).unwrap());
        labels.extend(label.bytes());
    }
    labels.push(0);
    labels
}

/// A name, and how many bytes it took.
fn read(mut bytes: &[u8]) -> (String, usize) {
    let (mut labels, mut size) = (Vec::new(), 1);
    while bytes[0] > 0 {
        let length = usize::from(bytes[0]);
        labels.push(String::from_utf8_lossy(&bytes[1..=length]).into_owned());
        bytes = &bytes[length + 1..];
        size += length + 1;
    }
    (labels.join("."), size)
}
