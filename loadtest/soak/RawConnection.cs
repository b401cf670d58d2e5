using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ConcertDapr.Soak;

/// <summary>A socket to the sidecar that sends any bytes, and ends without leaving a port waiting.</summary>
internal sealed class RawConnection : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private RawConnection() => socket.LingerState = new LingerOption(true, 0);

    public static async Task<RawConnection> OpenAsync(int port)
    {
        var connection = new RawConnection();
        await connection.socket.ConnectAsync(IPAddress.Loopback, port);
        return connection;
    }

    /// <summary>Sends; false when the sidecar has closed already.</summary>
    public async Task<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            for (var sent = 0; sent < bytes.Length;) sent += await socket.SendAsync(bytes[sent..]);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>Nothing more will be sent.</summary>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The sidecar was faster.
        }
    }

    /// <summary>All that comes until the sidecar closes, or until <paramref name="isWhole"/> has seen enough.</summary>
    /// <exception cref="TimeoutException">Neither happens in time.</exception>
    public async Task<string> ReadAsync(Func<string, bool>? isWhole = null)
    {
        var text = new StringBuilder();
        var buffer = new byte[8 * 1024];
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) is var read and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, read));
                if (isWhole?.Invoke(text.ToString()) == true) break;
            }
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"no end after {text.Length} bytes", e);
        }
        return text.ToString();
    }

    /// <summary>Resets the connection unless it has ended.</summary>
    public void Dispose() => socket.Dispose();
}
