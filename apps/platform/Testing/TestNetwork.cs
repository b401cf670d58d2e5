using System.Collections.Concurrent;
using ConcertDapr.Sidecar;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Testing;

/// <summary>What the sidecars of one test have in common, and no sidecar of another test: whom they find, the clock, what is in memory.</summary>
internal sealed class TestNetwork(TimeProvider clock)
{
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(2);

    private readonly ConcurrentDictionary<SidecarHost, byte> members = new();

    public TimeProvider Clock => clock;

    public string Folder { get; } = Directory.CreateTempSubdirectory("dapr-test-").FullName;

    public MemoryComponents Memory { get; } = new();

    public async Task<SidecarHost> StartAsync(DaprTestOptions options, CancellationToken cancellationToken)
    {
        try
        {
            var host = await SidecarHost.StartAsync(options.ToSidecarOptions(this), options.Loggers, clock, cancellationToken);
            members[host] = 0;
            return host;
        }
        finally
        {
            RemoveWhenEmpty();
        }
    }

    /// <summary>Stops a sidecar; the last one leaves nothing behind.</summary>
    public async Task StopAsync(SidecarHost host)
    {
        await host.DisposeAsync();
        members.TryRemove(host, out _);
        RemoveWhenEmpty();
    }

    /// <summary>Waits until nothing of any sidecar is under way or due.</summary>
    /// <exception cref="TimeoutException">Something still is after the limit; the message names it.</exception>
    public async Task SettledAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        // The limit is one of real time, whatever the clock says.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(limit);
        var undone = "nothing";
        try
        {
            while (await FindUndoneAsync(end.Token) is { } found)
            {
                undone = found;
                await Task.Delay(LookPause, end.Token);
            }
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"not settled within {limit.TotalSeconds:0.#} s: {undone} is under way or due", e);
        }
    }

    private async Task<string?> FindUndoneAsync(CancellationToken cancellationToken)
    {
        var before = Version;
        foreach (var runtime in members.Keys.Select(member => member.Runtime))
        {
            if (runtime.Agenda.FindUndone() is { } due) return due;
            if (runtime.Workflows?.Engine is { } workflows && await workflows.FindUndoneAsync(cancellationToken) is { } undone) return undone;
        }
        // Something may have gone from where we had not looked yet to where we had.
        return Version == before ? null : "something that has just begun";
    }

    private long Version => members.Keys.Sum(member => member.Runtime.Agenda.Version + (member.Runtime.Workflows?.Engine?.Version ?? 0));

    private void RemoveWhenEmpty()
    {
        if (members.IsEmpty && Directory.Exists(Folder)) Directory.Delete(Folder, recursive: true);
    }
}
