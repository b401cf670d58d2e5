using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Bench;

/// <summary>
/// One HTTP/1.1 connection that sends the same bytes again and again: so little work that the generator does not hide what the
/// server costs. Understands answers with a Content-Length and chunked ones.
/// </summary>
internal sealed class HttpLoop : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>The bytes of a request with a small JSON body.</summary>
    public static byte[] Request(string method, string path) => Encoding.ASCII.GetBytes(
        $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}");

    /// <summary>Connects to a port of this machine.</summary>
    public static HttpLoop Connect(int port)
    {
        var loop = new HttpLoop();
        loop._socket.Connect(IPAddress.Loopback, port);
        return loop;
    }

    /// <summary>Sends a request and reads its answer; throws unless it is 2xx.</summary>
    public async Task SendAsync(byte[] request)
    {
        await _socket.SendAsync(request);
        var read = 0;
        while (true)
        {
            var got = await _socket.ReceiveAsync(_buffer.AsMemory(read));
            if (got == 0) throw new IOException("the server closed the connection");
            read += got;
            if (IsWhole(_buffer.AsSpan(0, read))) break;
        }
        if (_buffer[9] != (byte)'2') throw new IOException($"answered {Encoding.ASCII.GetString(_buffer, 0, read)}");
    }

    public void Dispose() => _socket.Dispose();

    private static bool IsWhole(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0) return false;
        var head = Encoding.ASCII.GetString(answer[..end]);
        if (head.Contains("chunked", StringComparison.OrdinalIgnoreCase)) return answer.EndsWith("0\r\n\r\n"u8);
        var at = head.IndexOf("Content-Length:", StringComparison.OrdinalIgnoreCase);
        if (at < 0) return true;
        var digits = head.AsSpan(at + 15).TrimStart();
        var lineEnd = digits.IndexOf('\r');
        var length = int.Parse(lineEnd < 0 ? digits : digits[..lineEnd], CultureInfo.InvariantCulture);
        return answer.Length >= end + 4 + length;
    }
}
