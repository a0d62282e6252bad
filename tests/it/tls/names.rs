//! The certificate that a client is shown.

use super::{client, telling};
use crate::support::TlsClient;

#[test]
fn it_is_the_one_for_the_name_that_the_client_asks_for() {
    let (builder, authority, folder) = telling();
    authority.server(&["other.test", "*.wild.test", "127.0.0.1"]).write(&folder.0, "other");
    let server = builder.tls(vec![folder.pair("test"), folder.pair("other")]).start();
    let config = client(&authority);
    // A client checks that the certificate is for the name.
    for name in ["test", "other.test", "a.wild.test", "A.WILD.test"] {
        let mut client = TlsClient::connect(server.address, name, &config).unwrap();
        let told = client.get("/").unwrap();
        assert_eq!(told.split(' ').nth(2), Some(name.to_lowercase().as_str()));
    }
    // No name is sent with an address, so it is the first one, which is for another.
    for name in ["127.0.0.1", "unknown.test", "a.b.wild.test"] {
        let error = TlsClient::connect(server.address, name, &config).err().unwrap();
        assert!(error.to_string().starts_with("invalid peer certificate"), "{error}");
    }
    server.stop();
}
