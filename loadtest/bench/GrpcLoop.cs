using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace ConcertDapr.Bench;

/// <summary>
/// One HTTP/2 connection that makes one unary gRPC call after the other, with as little work as <see cref="HttpLoop"/>: headers
/// are written once, of the answer's only the message and <c>grpc-status</c> are looked at.
/// </summary>
internal sealed class GrpcLoop : IDisposable
{
    private const int FrameHead = 9;
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _in = new byte[256 * 1024];
    private readonly byte[] _out = new byte[64 * 1024];
    private int _stream = -1;
    private int _read;

    /// <summary>Connects to a gRPC port of this machine.</summary>
    public static async Task<GrpcLoop> ConnectAsync(int port)
    {
        var loop = new GrpcLoop();
        await loop._socket.ConnectAsync(IPAddress.Loopback, port);
        // Preface; settings: no header table (the answer's headers stay readable), wide stream windows; a wide connection window.
        await loop._socket.SendAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8,
            0, 0, 12, Settings, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff,
            0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0]);
        return loop;
    }

    /// <summary>The header block of a method, once for all its calls.</summary>
    public static byte[] HeadersOf(string path) =>
    [
        0x83, 0x86, // POST, http
        0x04, .. Text(path), 0x01, .. Text("127.0.0.1"), 0x0f, 0x10, .. Text("application/grpc"), 0x00, .. Text("te"), .. Text("trailers"),
    ];

    /// <summary>The frame of a message.</summary>
    public static byte[] Frame(IMessage message)
    {
        var frame = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        message.WriteTo(frame.AsSpan(5));
        return frame;
    }

    /// <summary>One call; returns the message of the answer, which is valid until the next call. Throws unless its status is OK.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> CallAsync(byte[] headers, byte[] frame)
    {
        _stream += 2;
        var length = Put(_out, Headers, EndHeaders, _stream, headers);
        length += Put(_out.AsSpan(length), Data, EndStream, _stream, frame);
        await _socket.SendAsync(_out.AsMemory(0, length));
        var (from, to) = (0, 0);
        for (var at = 0; ;)
        {
            while (!IsWhole(at)) await FillAsync();
            var size = (_in[at] << 16) | (_in[at + 1] << 8) | _in[at + 2];
            var (type, flags, payload) = (_in[at + 3], _in[at + 4], _in.AsMemory(at + FrameHead, size));
            if (type is Reset or GoAway) throw new IOException($"the server ended the call (frame type {type})");
            if (type is Settings or Ping && (flags & Ack) == 0) await _socket.SendAsync(AckOf(type, payload.Span));
            if (type == Data && size > 0) (from, to) = (at + FrameHead + 5, at + FrameHead + size);
            at += FrameHead + size;
            if (type != Headers || (flags & EndStream) == 0) continue;
            if (payload.Span.IndexOf("grpc-status\u00010"u8) < 0) throw new IOException($"a call failed: {Encoding.UTF8.GetString(payload.Span)}");
            // What came behind the answer (a window update) means nothing to this loop, unless its end is still to come.
            while (at < _read)
            {
                while (!IsWhole(at)) await FillAsync();
                at += FrameHead + ((_in[at] << 16) | (_in[at + 1] << 8) | _in[at + 2]);
            }
            _read = 0;
            return _in.AsMemory(from, to - from);
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool IsWhole(int at) => _read >= at + FrameHead && _read >= at + FrameHead + ((_in[at] << 16) | (_in[at + 1] << 8) | _in[at + 2]);

    private async ValueTask FillAsync()
    {
        var got = await _socket.ReceiveAsync(_in.AsMemory(_read));
        if (got == 0) throw new IOException("the server closed the connection");
        _read += got;
    }

    private static byte[] AckOf(byte type, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[FrameHead + (type == Ping ? payload.Length : 0)];
        Put(frame, type, Ack, 0, type == Ping ? payload : default);
        return frame;
    }

    private static int Put(Span<byte> into, byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        BinaryPrimitives.WriteInt32BigEndian(into, payload.Length << 8);
        (into[3], into[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(into[5..], stream);
        payload.CopyTo(into[FrameHead..]);
        return FrameHead + payload.Length;
    }

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
