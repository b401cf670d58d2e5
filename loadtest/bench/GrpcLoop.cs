using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Google.Protobuf;

namespace ConcertDapr.Bench;

/// <summary>
/// One HTTP/2 connection that carries the unary gRPC calls of any number of callers, with as little work as <see cref="HttpLoop"/>: headers
/// are written once, of an answer only the message and <c>grpc-status</c> are looked at. What the answers of one read set off leaves in
/// one write.
/// </summary>
internal sealed class GrpcLoop : IAsyncDisposable
{
    private const int FrameHead = 9;
    private const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7;
    private const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Lock _gate = new();
    private readonly Dictionary<int, Call> _calls = [];
    private readonly byte[] _in = new byte[256 * 1024];
    private byte[] _filling = new byte[256 * 1024], _leaving = new byte[256 * 1024];
    private int _filled, _read;
    private int _stream = -1;
    private bool _isLeaving;
    private Task _reading = Task.CompletedTask;

    /// <summary>Connects to a gRPC port of this machine.</summary>
    public static async Task<GrpcLoop> ConnectAsync(int port)
    {
        var loop = new GrpcLoop();
        await loop._socket.ConnectAsync(IPAddress.Loopback, port);
        // Preface; settings: no header table (the answer's headers stay readable), wide stream windows; a wide connection window.
        await loop._socket.SendAsync((byte[])[.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8,
            0, 0, 12, Settings, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff,
            0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0]);
        loop._reading = Task.Run(loop.ReadAsync);
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

    /// <summary>One call; returns the message of the answer. Throws unless its status is OK.</summary>
    public Task<byte[]> CallAsync(byte[] headers, byte[] frame)
    {
        // What comes after an answer runs where the answer was read.
        var call = new Call();
        lock (_gate)
        {
            _calls.Add(_stream += 2, call);
            Put(Headers, EndHeaders, _stream, headers);
            Put(Data, EndStream, _stream, frame);
            if (_isLeaving) return call.Task;
            _isLeaving = true;
        }
        _ = SendAsync();
        return call.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _reading;
    }

    /// <summary>Writes what has gathered; called by whoever found nobody writing.</summary>
    private async Task SendAsync()
    {
        while (true)
        {
            int length;
            lock (_gate)
            {
                _isLeaving = _filled > 0;
                if (!_isLeaving) return;
                (_filling, _leaving, length, _filled) = (_leaving, _filling, _filled, 0);
            }
            await _socket.SendAsync(_leaving.AsMemory(0, length));
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var got = await _socket.ReceiveAsync(_in.AsMemory(_read));
                if (got == 0) throw new IOException("the server closed the connection");
                _read += got;
                // Nobody writes before everything that was read is done with.
                bool isMine;
                lock (_gate) (isMine, _isLeaving) = (!_isLeaving, true);
                TakeFrames();
                if (isMine) await SendAsync();
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            foreach (var call in _calls.Values) call.TrySetException(e);
        }
    }

    private void TakeFrames()
    {
        var at = 0;
        while (_read >= at + FrameHead && _read >= at + FrameHead + SizeAt(at))
        {
            var size = SizeAt(at);
            Take(_in[at + 3], _in[at + 4], BinaryPrimitives.ReadInt32BigEndian(_in.AsSpan(at + 5)), _in.AsSpan(at + FrameHead, size));
            at += FrameHead + size;
        }
        _in.AsSpan(at, _read - at).CopyTo(_in);
        _read -= at;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Call? call;
        switch (type)
        {
            case Reset or GoAway:
                throw new IOException($"the server ended the call (frame type {type})");
            case Settings or Ping when (flags & Ack) == 0:
                lock (_gate) Put(type, Ack, 0, type == Ping ? payload : default);
                break;
            case Data when payload.Length > 0:
                lock (_gate) _calls[stream].Message = payload[5..].ToArray();
                break;
            case Headers when (flags & EndStream) != 0:
                lock (_gate) _calls.Remove(stream, out call);
                if (payload.IndexOf("grpc-status\u00010"u8) < 0) call!.SetException(new IOException($"a call failed: {Encoding.UTF8.GetString(payload)}"));
                else call!.SetResult(call.Message);
                break;
        }
    }

    private int SizeAt(int at) => (_in[at] << 16) | (_in[at + 1] << 8) | _in[at + 2];

    private void Put(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var into = _filling.AsSpan(_filled);
        BinaryPrimitives.WriteInt32BigEndian(into, payload.Length << 8);
        (into[3], into[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(into[5..], stream);
        payload.CopyTo(into[FrameHead..]);
        _filled += FrameHead + payload.Length;
    }

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private sealed class Call : TaskCompletionSource<byte[]>
    {
        public byte[] Message { get; set; } = [];
    }
}
