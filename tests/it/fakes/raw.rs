//! Far sides that speak TCP: a trap that nobody may reach, and boards that no server would be.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as Listener};
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use url::Url;

/// Listens on this machine, where nothing that a stranger says may lead; it never answers.
pub struct Trap {
    listeners: Vec<Listener>,
    pub port: u16,
}

impl Trap {
    /// On IPv4, and on the same port of IPv6 where this machine has it.
    pub fn set() -> Self {
        let v4 = Listener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = v4.local_addr().unwrap().port();
        let mut listeners = vec![v4];
        listeners.extend(Listener::bind((Ipv6Addr::LOCALHOST, port)).ok());
        for listener in &listeners {
            listener.set_nonblocking(true).unwrap();
        }
        Self { listeners, port }
    }

    pub fn url(&self) -> Url {
        format!("http://127.0.0.1:{}/", self.port).parse().unwrap()
    }

    /// Connections since the last call. Each is in the listener's queue before its client knows of it.
    pub fn caught(&self) -> usize {
        let caught = |listener: &Listener| std::iter::from_fn(|| listener.accept().ok()).count();
        self.listeners.iter().map(caught).sum()
    }
}

/// Gives each connection, when its request is read, to `answer`, and cuts it when that is done.
pub async fn board<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Url
where
    F: Future<Output = ()> + Send,
{
    let socket = TcpSocket::new_v4().unwrap();
    // What is said and not read yet is little.
    socket.set_send_buffer_size(64 * 1024).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let listener = socket.listen(64).unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    let connections = async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            let connection = async move {
                let mut asked = Vec::new();
                while !asked.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => asked.push(byte),
                        Err(_) => return,
                    }
                }
                answer(stream).await;
            };
            #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
            tokio::spawn(connection);
        }
    };
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(connections);
    format!("http://{address}/feed").parse().unwrap()
}
