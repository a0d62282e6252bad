//! Authorities and certificates for tests.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CrlDistributionPoint, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, PKCS_RSA_SHA256, SanType, SerialNumber, date_time_ymd,
};

/// One who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

/// A certificate to be.
pub struct Wish {
    pub params: CertificateParams,
    key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        Self::of(Wish::named(name))
    }

    pub fn of(mut wish: Wish) -> Self {
        wish.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(wish.params, wish.key).unwrap())
    }

    /// One below this one.
    pub fn below(&self, name: &str) -> Self {
        let mut wish = Wish::named(name);
        wish.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::signed_by(wish.params, wish.key, &self.0).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    pub fn sign(&self, wish: Wish) -> Issued {
        let certificate = wish.params.signed_by(&wish.key, &self.0).unwrap();
        Issued { certificate: certificate.pem(), key: wish.key.serialize_pem() }
    }

    /// A certificate for a server with these names.
    pub fn server(&self, names: &[&str]) -> Issued {
        self.sign(Wish::server(names))
    }

    /// A certificate for a client.
    pub fn client(&self, name: &str) -> Issued {
        self.sign(Wish::client(name))
    }
}

impl Wish {
    pub fn named(common_name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        Self { params, key: KeyPair::generate().unwrap() }
    }

    pub fn server(names: &[&str]) -> Self {
        let mut wish = Self::named(names[0]);
        wish.params.subject_alt_names = names
            .iter()
            .map(|name| match name.parse() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName((*name).try_into().unwrap()),
            })
            .collect();
        wish.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wish
    }

    pub fn client(name: &str) -> Self {
        let mut wish = Self::named(name);
        wish.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        wish.params.serial_number = Some(SerialNumber::from(vec![0x0a, 0xbc]));
        wish
    }

    /// One whose time was the year 2001.
    pub fn expired(mut self) -> Self {
        (self.params.not_before, self.params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2001, 12, 31));
        self
    }

    /// One whose time has not come.
    pub fn early(mut self) -> Self {
        self.params.not_before = date_time_ymd(3000, 1, 1);
        self
    }

    /// One who signs without being an authority.
    pub fn issuer(self, signer: &Authority) -> Authority {
        Authority(CertifiedIssuer::signed_by(self.params, self.key, &signer.0).unwrap())
    }

    /// Lasts so many days from yesterday on.
    pub fn lasts(&mut self, days: u64) {
        let day = Duration::from_secs(24 * 3600);
        let yesterday = SystemTime::now() - day;
        self.params.not_before = yesterday.into();
        self.params.not_after = (yesterday + day * u32::try_from(days).unwrap()).into();
    }

    /// Ends so soon.
    pub fn ends_in(&mut self, time: Duration) {
        self.params.not_after = (SystemTime::now() + time).into();
    }

    /// Says where it would be said that it has been revoked.
    pub fn can_be_revoked(&mut self) {
        let uris = vec!["http://localhost/revoked.crl".to_owned()];
        self.params.crl_distribution_points = vec![CrlDistributionPoint { uris }];
    }

    pub fn rsa(mut self) -> Self {
        self.key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        self
    }

    pub fn self_signed(self) -> Issued {
        Issued { certificate: self.params.self_signed(&self.key).unwrap().pem(), key: self.key.serialize_pem() }
    }
}

impl Issued {
    /// Writes the files `<name>.crt` and `<name>.key`.
    pub fn write(&self, folder: &Path, name: &str) {
        replace(&folder.join(format!("{name}.crt")), &self.certificate);
        replace(&folder.join(format!("{name}.key")), &self.key);
    }
}

/// Puts a file in the place of another as careful programs do.
pub fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, path).unwrap();
}
