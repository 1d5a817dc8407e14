package objects

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// region is signed with where none is set; storage other than Amazon's takes any.
const region = "us-east-1"

// patience is how long an answer may take to begin.
const patience = 30 * time.Second

func openS3(ctx context.Context, u *url.URL) (*Store, error) {
	query := u.Query()
	options := []func(*awsconfig.LoadOptions) error{awsconfig.WithHTTPClient(awshttp.NewBuildableClient())}
	if u.User != nil {
		secret, _ := u.User.Password()
		options = append(options, awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(u.User.Username(), secret, "")))
	}
	if r := query.Get("region"); r != "" {
		options = append(options, awsconfig.WithRegion(r))
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		cfg.Region = region
	}
	transport := cfg.HTTPClient.(*awshttp.BuildableClient).GetTransport() // of our own, to be able to close it
	transport.ResponseHeaderTimeout = patience
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint := query.Get("endpoint"); endpoint != "" {
			o.BaseEndpoint = &endpoint
		}
		o.HTTPClient = &http.Client{Transport: transport}
		o.UsePathStyle = query.Get("path-style") == "true"
		// Others than Amazon do not know the newer checksums. Our own SHA-256 stands in the manifests.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	bucket, err := s3blob.OpenBucket(ctx, client, u.Host, &s3blob.Options{RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired})
	if err != nil {
		return nil, err
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
		bucket = blob.PrefixedBucket(bucket, prefix)
	}
	return &Store{bucket: bucket, history: versions{client: client, bucket: u.Host, prefix: prefix}, idle: transport.CloseIdleConnections}, nil
}

// versions are what a bucket keeps of objects that were deleted or replaced, where it is set up to, and parts of those whose writing was
// cut short.
type versions struct {
	client         *s3.Client
	bucket, prefix string
}

func (v versions) forget(ctx context.Context, below string, dead func(string) bool) (int, error) {
	below = v.prefix + below
	old, err := v.old(ctx, below)
	if err != nil {
		return 0, err
	}
	for i, o := range old {
		if _, err := v.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &v.bucket, Key: o.Key, VersionId: o.VersionId}); err != nil {
			return i, err
		}
	}
	parts, err := v.forgetParts(ctx, below, dead)
	return len(old) + parts, err
}

// old lists the versions of keys that are not what a reader gets, and the marks of deletions.
func (v versions) old(ctx context.Context, below string) ([]types.ObjectIdentifier, error) {
	var old []types.ObjectIdentifier
	pages := s3.NewListObjectVersionsPaginator(v.client, &s3.ListObjectVersionsInput{Bucket: &v.bucket, Prefix: &below})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if unknown(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, o := range page.Versions {
			if !aws.ToBool(o.IsLatest) {
				old = append(old, types.ObjectIdentifier{Key: o.Key, VersionId: o.VersionId})
			}
		}
		for _, o := range page.DeleteMarkers { // after the versions that they hide, which must not come back
			old = append(old, types.ObjectIdentifier{Key: o.Key, VersionId: o.VersionId})
		}
	}
	return old, nil
}

func (v versions) forgetParts(ctx context.Context, below string, dead func(string) bool) (int, error) {
	removed := 0
	pages := s3.NewListMultipartUploadsPaginator(v.client, &s3.ListMultipartUploadsInput{Bucket: &v.bucket, Prefix: &below})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if unknown(err) {
			return removed, nil
		}
		if err != nil {
			return removed, err
		}
		for _, u := range page.Uploads {
			if time.Since(aws.ToTime(u.Initiated)) < abandoned && !dead(strings.TrimPrefix(aws.ToString(u.Key), v.prefix)) {
				continue
			}
			if _, err := v.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &v.bucket, Key: u.Key, UploadId: u.UploadId}); err != nil {
				return removed, err
			}
			removed++
		}
	}
	return removed, nil
}

// unknown says whether the storage does not know such a request: then it keeps nothing of the kind.
func unknown(err error) bool {
	var said smithy.APIError
	return errors.As(err, &said) && (said.ErrorCode() == "NotImplemented" || said.ErrorCode() == "MethodNotAllowed")
}
