using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Soak;

/// <summary>A server of raw bytes: what follows a connection is up to whoever derives from it.</summary>
internal abstract class FakeServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task accepting;
    private int connections;

    protected FakeServer()
    {
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        stop.Dispose();
    }

    /// <summary>Serves a connection until either side ends it.</summary>
    protected abstract Task ServeAsync(NetworkStream stream, int number, CancellationToken cancellationToken);

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = ServeOneAsync(await listener.AcceptTcpClientAsync(stop.Token), ++connections);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task ServeOneAsync(TcpClient client, int number)
    {
        using (client)
        {
            client.LingerState = new LingerOption(true, 0);
            try
            {
                await ServeAsync(client.GetStream(), number, stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The sidecar gave the connection up, or the run is over.
            }
        }
    }
}
