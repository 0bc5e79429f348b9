package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

var errWrongPassphrase = errors.New("the passphrase is wrong")

// encryptedKey is RFC 5208 §6 EncryptedPrivateKeyInfo.
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 and pbkdf2Params are RFC 8018 §A.4 and §A.2.
type pbes2 struct{ KDF, Cipher pkix.AlgorithmIdentifier }

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// hashes are the pseudo random functions of PBKDF2; without one it is the first.
var hashes = []struct {
	oid asn1.ObjectIdentifier
	new func() hash.Hash
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}, sha1.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, sha256.New},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}, sha512.New384},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}, sha512.New},
}

var blockCiphers = []struct {
	oid  asn1.ObjectIdentifier
	size int
	new  func([]byte) (cipher.Block, error)
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24, aes.NewCipher},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32, aes.NewCipher},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}, 24, des.NewTripleDESCipher},
}

// maxIterations bounds the work that a key file can ask for.
const maxIterations = 10_000_000

// decryptPKCS8 opens a key that openssl pkcs8 or openssl genpkey encrypted.
func decryptPKCS8(der []byte, passphrase string) ([]byte, error) {
	var key encryptedKey
	if _, err := asn1.Unmarshal(der, &key); err != nil {
		return nil, errors.New("the encrypted private key is damaged")
	}
	if !key.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, unknownEncryption(key.Algorithm.Algorithm)
	}
	var scheme pbes2
	if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, errors.New("the encrypted private key is damaged")
	}
	for _, c := range blockCiphers {
		if !scheme.Cipher.Algorithm.Equal(c.oid) {
			continue
		}
		secret, err := derive(scheme.KDF, passphrase, c.size)
		if err != nil {
			return nil, err
		}
		block, err := c.new(secret)
		if err != nil {
			return nil, err
		}
		return decryptCBC(block, scheme.Cipher.Parameters.FullBytes, key.Data)
	}
	return nil, unknownEncryption(scheme.Cipher.Algorithm)
}

func unknownEncryption(oid asn1.ObjectIdentifier) error {
	return fmt.Errorf("the private key is encrypted in a way that is not known (%s): write it again with openssl pkcs8 -topk8 -v2 aes256", oid)
}

func derive(kdf pkix.AlgorithmIdentifier, passphrase string, size int) ([]byte, error) {
	if !kdf.Algorithm.Equal(oidPBKDF2) {
		return nil, unknownEncryption(kdf.Algorithm)
	}
	var p pbkdf2Params
	if _, err := asn1.Unmarshal(kdf.Parameters.FullBytes, &p); err != nil || p.Iterations < 1 || p.Iterations > maxIterations {
		return nil, errors.New("the encrypted private key is damaged")
	}
	for i, h := range hashes {
		if p.PRF.Algorithm.Equal(h.oid) || i == 0 && len(p.PRF.Algorithm) == 0 {
			return pbkdf2.Key(h.new, passphrase, p.Salt, p.Iterations, size)
		}
	}
	return nil, unknownEncryption(p.PRF.Algorithm)
}

func decryptCBC(block cipher.Block, parameters, data []byte) ([]byte, error) {
	var iv []byte
	if _, err := asn1.Unmarshal(parameters, &iv); err != nil || len(iv) != block.BlockSize() || len(data) == 0 || len(data)%block.BlockSize() != 0 {
		return nil, errors.New("the encrypted private key is damaged")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > block.BlockSize() {
		return nil, errWrongPassphrase
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, errWrongPassphrase
		}
	}
	return plain[:len(plain)-pad], nil
}
