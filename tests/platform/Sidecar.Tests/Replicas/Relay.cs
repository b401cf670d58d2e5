using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Tests.Replicas;

/// <summary>A line to a server of this machine that can be cut: nothing is passed on any more, no connection is accepted.</summary>
public sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _cut = new();
    private readonly int _target;
    private readonly Task _accepting;

    public Relay(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Cut()
    {
        _cut.Cancel();
        _listener.Stop();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_cut.IsCancellationRequested) Cut();
        await _accepting;
        _cut.Dispose();
    }

    private async Task AcceptAsync()
    {
        var lines = new List<Task>();
        try
        {
            while (true) lines.Add(PassAsync(await _listener.AcceptTcpClientAsync(_cut.Token)));
        }
        catch (Exception e) when (_cut.IsCancellationRequested && e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(lines);
        }
    }

    private async Task PassAsync(TcpClient from)
    {
        using var caller = from;
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target, _cut.Token);
            await Task.WhenAny(
                caller.GetStream().CopyToAsync(server.GetStream(), _cut.Token), server.GetStream().CopyToAsync(caller.GetStream(), _cut.Token));
        }
        catch (Exception e) when (_cut.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            // The line is cut; both ends learn of it.
        }
    }
}
