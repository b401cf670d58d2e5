namespace ConcertDapr.Sidecar.Actors;

/// <summary>Placeholder until actors are built: hosts nothing.</summary>
#pragma warning disable CA1822
internal sealed class ActorRuntime(SidecarRuntime runtime) : IAsyncDisposable
{
    public IReadOnlyList<string> HostedTypes { get; } = [];

    public IReadOnlyList<(string Type, int Count)> ActiveActors => [];

    public SidecarRuntime Runtime => runtime;

    public (string Text, bool Ready) Status => ("DISABLED", false);

    public void Configure(ActorConfiguration configuration)
    {
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Suspend()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
