using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Tests;

/// <summary>One HTTP/1.1 exchange as text, for what HttpClient hides: lines, letter case, odd requests.</summary>
internal static class RawHttp
{
    /// <summary>Sends a request without a body and reads the answer to its end.</summary>
    public static async Task<string> SendAsync(int port, string line, params string[] headers)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port);
        var stream = client.GetStream();
        var close = headers.Any(header => header.StartsWith("Connection:", StringComparison.Ordinal)) ? [] : new[] { "Connection: close" };
        var request = string.Join("\r\n", [$"{line} HTTP/1.1", "Host: test", .. headers, .. close, "", ""]);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        while (!IsWhole(answer.ToString()) && await stream.ReadAsync(buffer, patience.Token) is > 0 and var read)
            answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
        return answer.ToString();
    }

    private static bool IsWhole(string answer)
    {
        var end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) return false;
        var length = answer.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return length is not null && answer.Length - end - 4 >= int.Parse(length.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
