using System.Net;
using System.Net.Sockets;

namespace ConcertDapr.Crash;

/// <summary>How much of the fatal bytes passes.</summary>
internal enum Passing
{
    /// <summary>None.</summary>
    Nothing,

    /// <summary>Some, but not all: commands and frames are cut in half.</summary>
    Half,

    /// <summary>All, and the other side has answered, but the answer does not pass.</summary>
    AllButTheAnswer,

    /// <summary>All; the kill comes just after, at no particular instruction.</summary>
    Everything,
}

/// <summary>A moment to kill at: when bytes pass the relay for the <paramref name="Countdown"/>th time.</summary>
internal sealed record KillPoint(int Countdown, Passing Passing, Random Random, Func<Task> Kill)
{
    private int _left = Countdown;
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the kill is done.</summary>
    public Task Done => _done.Task;

    public bool IsReached() => Interlocked.Decrement(ref _left) == 0;

    /// <summary>Takes the point back, unless it has been reached: then its kill is under way or done.</summary>
    public bool TryCancel() => Interlocked.Exchange(ref _left, 0) > 0;

    /// <summary>Whether the kill is under way, so that nothing else passes.</summary>
    public bool HoldsAnswers { get; private set; }

    public void Answered() => _answered.TrySetResult();

    /// <summary>Lets pass what is to pass, then kills.</summary>
    public async Task StrikeAsync(ReadOnlyMemory<byte> bytes, Stream to)
    {
        HoldsAnswers = Passing == Passing.AllButTheAnswer;
        var length = Passing switch { Passing.Nothing => 0, Passing.Half => Random.Next(bytes.Length), _ => bytes.Length };
        try
        {
            await to.WriteAsync(bytes[..length]);
            // Not every message has an answer.
            if (HoldsAnswers)
                await Task.WhenAny(_answered.Task, Task.Delay(200));
            if (Passing == Passing.Everything)
                Thread.SpinWait(Random.Next(20_000));
        }
        finally
        {
            await Kill();
            _done.TrySetResult();
        }
    }
}

/// <summary>Passes bytes between one side and a server, and kills at points of this traffic.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly int _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile KillPoint? _point;

    public Relay(int target)
    {
        _target = target;
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Sets the next kill point; null takes it back.</summary>
    public void Arm(KillPoint? point) => _point = point;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
            _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
    }

    private async Task ServeAsync(TcpClient near)
    {
        using var far = new TcpClient { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
                await Task.WhenAny(PumpAsync(near.GetStream(), far.GetStream(), answers: false), PumpAsync(far.GetStream(), near.GetStream(), answers: true));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side is gone: the other is to see it. Both are closed here.
            }
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, bool answers)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, _stop.Token) is var length and > 0)
            {
                var point = _point;
                if (answers && point is { HoldsAnswers: true })
                {
                    point.Answered();
                    return;
                }
                if (point?.IsReached() == true)
                {
                    await point.StrikeAsync(buffer.AsMemory(0, length), to);
                    return;
                }
                await to.WriteAsync(buffer.AsMemory(0, length), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // As above.
        }
    }
}
