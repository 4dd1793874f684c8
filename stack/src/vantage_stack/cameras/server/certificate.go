package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	certificateFile = "certificate.pem"
	keyFile         = "key.pem"
	validity        = 10 * 365 * 24 * time.Hour
)

// certificateIn is the folder's certificate, signed by itself as cameras' are; it is made where there is none yet, so
// that cameras that start again keep theirs.
func certificateIn(folder string) (tls.Certificate, error) {
	files := []string{filepath.Join(folder, certificateFile), filepath.Join(folder, keyFile)}
	found, err := tls.LoadX509KeyPair(files[0], files[1])
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	certificate, key, err := selfSigned()
	if err != nil {
		return found, fmt.Errorf("no certificate can be made: %w", err)
	}
	for i, block := range []*pem.Block{{Type: "CERTIFICATE", Bytes: certificate}, {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(files[i], pem.EncodeToMemory(block), 0o600); err != nil {
			return found, err
		}
	}
	return tls.LoadX509KeyPair(files[0], files[1])
}

// selfSigned gives certificate and key in DER.
func selfSigned() ([]byte, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "virtual camera"},
		NotBefore:    now.Add(-24 * time.Hour),
		NotAfter:     now.Add(validity),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		DNSNames:     []string{"localhost"},
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		// It is its own authority, so that a bundle that holds it vouches for it.
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	return certificate, encoded, err
}
