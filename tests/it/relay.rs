//! Ways to a loopback server: a proxy that is asked by CONNECT, one that is asked by SOCKS5, and TLS in front of it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// How a relay is spoken to.
#[derive(Clone)]
enum Speech {
    Connect,
    Socks5,
    Tls(TlsAcceptor),
}

/// Passes every connection on to one server, whatever name it was asked for.
pub struct Relay {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    runtime: Option<Runtime>,
}

impl Relay {
    /// An HTTP proxy.
    pub fn connect(server: SocketAddr) -> Relay {
        Relay::start(server, Speech::Connect)
    }

    pub fn socks5(server: SocketAddr) -> Relay {
        Relay::start(server, Speech::Socks5)
    }

    /// TLS for these names and addresses; with it the certificate, in PEM, of who vouches for them.
    pub fn tls(server: SocketAddr, names: &[&str]) -> (Relay, String) {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = authority.self_signed(&authority_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let names = names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let issuer = Issuer::new(authority, authority_key);
        let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        (Relay::start(server, Speech::Tls(TlsAcceptor::from(Arc::new(config)))), pem)
    }

    fn start(server: SocketAddr, speech: Speech) -> Relay {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let notes = Arc::clone(&asked);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (speech, notes) = (speech.clone(), Arc::clone(&notes));
                tokio::spawn(async move { drop(pass(stream, server, &speech, &notes).await) });
            }
        });
        Relay { address, asked, runtime: Some(runtime) }
    }

    /// The names that were asked for, each with the credentials that were shown, if any.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn pass(
    mut client: TcpStream,
    server: SocketAddr,
    speech: &Speech,
    notes: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let note = |text: String| notes.lock().unwrap().push(text);
    match speech {
        Speech::Tls(acceptor) => {
            let mut client = acceptor.accept(client).await?;
            let mut server = TcpStream::connect(server).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            return Ok(());
        }
        Speech::Connect => {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await?);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let name = head.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()).unwrap_or("no CONNECT");
            let shown = head.lines().find(|line| line.to_lowercase().starts_with("proxy-auth"));
            note(format!("{name} {}", shown.and_then(|line| line.split(": ").nth(1)).unwrap_or_default()));
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
        }
        Speech::Socks5 => {
            client.read_u8().await?;
            let mut methods = vec![0; usize::from(client.read_u8().await?)];
            client.read_exact(&mut methods).await?;
            client.write_all(&[5, 0]).await?;
            let mut request = [0; 4];
            client.read_exact(&mut request).await?;
            // A name, which the proxy looks up.
            let name = match request[3] {
                3 => {
                    let mut name = vec![0; usize::from(client.read_u8().await?)];
                    client.read_exact(&mut name).await?;
                    String::from_utf8_lossy(&name).into_owned()
                }
                other => format!("an address of kind {other}"),
            };
            let port = client.read_u16().await?;
            note(format!("{name}:{port} "));
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        }
    }
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
