using System.Globalization;
using ConcertDapr.Contracts;
using Dapr.Actors;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;

namespace ConcertDapr.Reservation;

/// <summary>The calls an outsider makes to <see cref="ShowActor"/>.</summary>
public interface IShowActor : IActor
{
    /// <summary>Makes sure the timer runs.</summary>
    Task Watch();
}

/// <summary>Announces the end of unpaid holds of one show (actor id = show id), off the request path.</summary>
[Actor(TypeName = TypeName)]
internal sealed class ShowActor(ActorHost host, Reservations reservations) : Actor(host), IShowActor
{
    public const string TypeName = "ShowActor";

    private const string Timer = "expire";

    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(2);

    /// <summary>Makes sure the timer runs. Timers die with their sidecar, so this is called again and again.</summary>
    public Task Watch() => RegisterTimerAsync(Timer, nameof(Expire), [], s_every, s_every);

    /// <summary>One tick: whatever ran out by now, however many ticks were missed.</summary>
    public async Task Expire()
    {
        var show = new ShowId(long.Parse(Id.GetId(), CultureInfo.InvariantCulture));
        while (await reservations.ExpireAsync(show)) { }
        if (!await reservations.HasHoldsAsync(show)) await UnregisterTimerAsync(Timer);
    }
}

/// <summary>Keeps a timer running for every show with unpaid holds, also after a sidecar came back without them.</summary>
internal sealed class ExpiryWatch(ReservationStore rows, IActorProxyFactory actors, ILogger<ExpiryWatch> log, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_every, clock);
        do
        {
            try
            {
                foreach (var show in await rows.WatchedShowsAsync())
                    await actors.Create(new ActorId(show.ToString()), ShowActor.TypeName).InvokeMethodAsync(nameof(ShowActor.Watch), stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Expiry holds by time; only its announcement waits for the next round.
                log.WatchFailed(e);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
