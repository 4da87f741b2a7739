// Package oss lets clients of github.com/aliyun/aliyun-oss-go-sdk follow the rotations of a RAM secret.
//
//	client, err := oss.New("https://oss-cn-hangzhou.aliyuncs.com", secret)
//	bucket, err := client.Bucket("examplebucket") // the SDK's own, with every method
//
// The SDK signs each request with the current key. A request whose key was refused is signed anew, by the SDK too, and sent
// again below the method that made it, so that of an upload in parts only the refused part is repeated. A body that cannot go
// back to where it began is not sent twice.
package oss

import (
	"net/http"
	"sync"

	sdk "github.com/aliyun/aliyun-oss-go-sdk/oss"

	"github.com/kmsramcred/kmsramcred/go"
)

// Client is the SDK's client. It is safe for concurrent use as that one is.
type Client struct {
	*sdk.Client
	names *names
}

// New makes a client that signs with the current key of a secret. The options are the SDK's; a credentials provider among them
// is not used. Nothing is fetched before the first call.
func New(endpoint string, secret *kmsramcred.Secret, options ...sdk.ClientOption) (*Client, error) {
	keys := &provider{secret: secret}
	made := &transport{keys: keys, names: &names{}}
	own := func(client *sdk.Client) {
		client.Config.CredentialsProvider = keys
		if client.HTTPClient != nil {
			// It may be used by others too.
			copied := *client.HTTPClient
			client.HTTPClient = made.around(&copied)
		}
	}
	client, err := sdk.New(endpoint, "", "", append(options[:len(options):len(options)], own)...)
	if err != nil {
		return nil, err
	}
	if client.HTTPClient == nil {
		inner, err := httpClientOf(client.Conn)
		if err != nil {
			return nil, err
		}
		made.around(inner)
	}
	made.config = client.Config
	return &Client{client, made.names}, nil
}

// NewByName is [New] for a secret of [kmsramcred.Default].
func NewByName(endpoint, secretName string, options ...sdk.ClientOption) (*Client, error) {
	secret, err := kmsramcred.DefaultSecret(secretName)
	if err != nil {
		return nil, err
	}
	return New(endpoint, secret, options...)
}

// Bucket is the SDK's bucket.
func (c *Client) Bucket(name string) (*sdk.Bucket, error) {
	bucket, err := c.Client.Bucket(name)
	if err == nil {
		c.names.add(name)
	}
	return bucket, err
}

// names are the buckets that were asked for: a request to a domain of one's own does not say which it is of.
type names struct {
	mu    sync.Mutex
	known []string
}

// namesMost bounds what is tried for a request to a domain of one's own; each has one bucket.
const namesMost = 8

func (n *names) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	kept := []string{name}
	for _, known := range n.known {
		if known != name && len(kept) < namesMost {
			kept = append(kept, known)
		}
	}
	n.known = kept
}

func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known
}

var _ http.RoundTripper = (*transport)(nil)
