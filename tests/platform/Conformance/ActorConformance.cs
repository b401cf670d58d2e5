using Dapr;
using Dapr.Actors;
using Dapr.Actors.Client;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>Actors through the sidecar and back.</summary>
public sealed class ActorConformance(SidecarUnderTest sidecar)
{
    private readonly ActorId _id = new($"a-{Guid.NewGuid():N}");

    private IActorProxyFactory Proxies => sidecar.Services.GetRequiredService<IActorProxyFactory>();

    private ICounter Counter => Proxies.CreateActorProxy<ICounter>(_id, "Counter");

    [Fact]
    public async Task Calls_come_one_at_a_time()
    {
        NeedsActors();
        await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Counter.AddAsync(1)));
        (await Counter.GetAsync()).ShouldBe(30);
        (await Proxies.Create(_id, "Counter").InvokeMethodAsync<int, int>("AddAsync", 5)).ShouldBe(35);
    }

    [Fact]
    public async Task A_turn_that_throws_changes_nothing()
    {
        NeedsActors();
        await Counter.AddAsync(3);
        var error = await Should.ThrowAsync<ActorMethodInvocationException>(() => Counter.FailAsync("full"));
        error.InnerException.ShouldBeOfType<ActorInvokeException>().Message.ShouldBe("full");
        (await Should.ThrowAsync<DaprApiException>(() => Proxies.Create(_id, "Counter").InvokeMethodAsync("FailAsync", "full")))
            .ErrorCode.ShouldBe("ERR_ACTOR_INVOKE_METHOD");
        (await Counter.GetAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task Timers_tick_with_their_data()
    {
        NeedsActors();
        await Counter.StartTimerAsync();
        (await sidecar.Log.NextAsync($"tick/{_id}")).ShouldBe("07");
        (await sidecar.Log.NextAsync($"tick/{_id}")).ShouldBe("07");
    }

    [Fact]
    public async Task Reminders_tick_until_they_are_unregistered()
    {
        NeedsActors();
        await Counter.StartReminderAsync();
        (await sidecar.Log.NextAsync($"remind/{_id}")).ShouldBe("wake 09");
        (await sidecar.Log.NextAsync($"remind/{_id}")).ShouldBe("wake 09");
        await Counter.StopReminderAsync();
    }

    private void NeedsActors() => Assert.SkipUnless(sidecar.HostsActors, "this sidecar runs no actors");
}
