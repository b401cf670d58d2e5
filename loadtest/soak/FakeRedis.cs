using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Soak;

/// <summary>A server that says PONG like Redis and from then on answers anything: wrong types, parts, errors, garbage, nothing.</summary>
internal sealed class FakeRedis(int seed) : FakeServer
{
    private static readonly string[] Replies =
    [
        "+OK\r\n", ":1\r\n", ":-7\r\n", ":99999999999999999999\r\n", "$-1\r\n", "$0\r\n\r\n", "$3\r\nabc\r\n", "$3\r\nabcdef\r\n", "*-1\r\n", "*0\r\n",
        "*1\r\n$1\r\na\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n$1\r\na\r\n$3\r\nxyz\r\n", "*2\r\n$-1\r\n$-1\r\n", "*3\r\n*0\r\n*-1\r\n-ERR inner\r\n",
        "*2\r\n$1\r\n0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*1\r\n$4\r\ndata\r\n", "*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$4\r\ndata\r\n$1\r\nx\r\n",
        "-ERR no\r\n", "-NOSCRIPT none\r\n", "-LOADING wait\r\n", "-WRONGTYPE it is\r\n", "-NOGROUP no\r\n", "-\r\n", "+\r\n", "\r\n", "hello\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n", "$999999999999\r\n", "$500000000\r\nabc", "*2147483647\r\n", "*4000000\r\n*4000000\r\n*4000000\r\n*4000000\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "$abc\r\n", ":\r\n", "_\r\n", "%1\r\n",
    ];

    protected override async Task ServeAsync(NetworkStream stream, int number, CancellationToken cancellationToken)
    {
        var random = new Random(HashCode.Combine(seed, number));
        using var reader = new StreamReader(stream, Encoding.Latin1);
        while (await ReadCommandAsync(reader, cancellationToken) is { } command)
        {
            var reply = command == "PING" ? "+PONG\r\n" : Replies[random.Next(Replies.Length)];
            if (command != "PING" && random.Next(100) == 0) continue; // Silence.
            var bytes = Encoding.Latin1.GetBytes(reply);
            var isCut = command != "PING" && random.Next(10) == 0;
            await stream.WriteAsync(isCut ? bytes.AsMemory(0, random.Next(bytes.Length)) : bytes, cancellationToken);
            if (isCut) return;
        }
    }

    /// <summary>The name of the next command; its arguments are read and forgotten.</summary>
    private static async Task<string?> ReadCommandAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var name = "";
        if (await reader.ReadLineAsync(cancellationToken) is not { Length: > 1 } head) return null;
        for (var left = int.Parse(head.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture); left > 0; left--)
        {
            if (await reader.ReadLineAsync(cancellationToken) is not { Length: > 1 } length) return null;
            var text = new char[int.Parse(length.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) + 2];
            if (await reader.ReadBlockAsync(text, cancellationToken) < text.Length) return null;
            if (name.Length == 0) name = new string(text, 0, text.Length - 2);
        }
        return name;
    }
}
