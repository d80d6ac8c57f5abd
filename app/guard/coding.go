package guard

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"iter"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// coding reads and writes one content encoding.
type coding struct {
	reader func(io.Reader) (io.Reader, error)
	writer func(io.Writer) (encoder, error)
}

// encoder is what compresses; Flush writes all that it has been given.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// maxWindow bounds what a page that is compressed with zstd makes us keep, as it
// does in browsers (RFC 9659).
const maxWindow = 8 << 20

var gzipCoding = &coding{
	func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	func(w io.Writer) (encoder, error) { return gzip.NewWriterLevel(w, 4) },
}

var codings = map[string]*coding{
	"gzip":   gzipCoding,
	"x-gzip": gzipCoding,
	"deflate": {
		readDeflate,
		func(w io.Writer) (encoder, error) { return zlib.NewWriterLevel(w, 4) },
	},
	"br": {
		func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		func(w io.Writer) (encoder, error) { return brotli.NewWriterLevel(w, 4), nil },
	},
	"zstd": {
		func(r io.Reader) (io.Reader, error) {
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		},
		func(w io.Writer) (encoder, error) {
			return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
		},
	},
}

// readDeflate reads zlib's format, which deflate is, or what it is without its
// frame, as some servers have always sent it and browsers take it.
func readDeflate(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(2)
	if err == nil && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}

// decoder is written to what is compressed, and writes what that stands for as
// soon as it can be told. What decompresses reads, and so runs as a coroutine,
// which is left where it wants to read more than has come.
type decoder struct {
	resume func() (struct{}, bool)
	stop   func()
	input  []byte
	isOver bool // nothing more will come
	err    error
}

func newDecoder(c *coding, out io.Writer) *decoder {
	d := &decoder{}
	d.resume, d.stop = iter.Pull(func(yield func(struct{}) bool) {
		plain, err := c.reader(readerFunc(func(b []byte) (int, error) {
			for len(d.input) == 0 {
				if d.isOver {
					return 0, io.EOF
				}
				if !yield(struct{}{}) {
					return 0, io.ErrClosedPipe
				}
			}
			n := copy(b, d.input)
			d.input = d.input[n:]
			return n, nil
		}))
		if err == nil {
			_, err = io.Copy(out, plain)
		}
		d.err = err
	})
	return d
}

func (d *decoder) Write(b []byte) (int, error) {
	d.input = b
	d.resume()
	return len(b), d.err
}

// Close reads to the end, which has to have come.
func (d *decoder) Close() error {
	d.isOver = true
	d.resume()
	return d.err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
