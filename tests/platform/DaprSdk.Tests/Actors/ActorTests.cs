using System.Net;
using System.Text;
using System.Text.Json;
using Dapr;
using Dapr.Actors;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests.Actors;

/// <summary>Actors in a host, called through a sidecar that only passes calls on and keeps state.</summary>
public sealed class ActorTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Typed_calls_carry_arguments_results_and_cancellation(bool json)
    {
        await using var world = await ActorWorld.StartAsync(json);
        var room = world.Proxy<IRoom>("r1");
        (await room.JoinAsync("ann", 2, CancellationToken.None)).ShouldBe(new Place("ann", 2, ["r1"]));
        await room.LeaveAsync();
        (await room.CountAsync()).ShouldBe(1);
        (await room.NothingAsync(null)).ShouldBeNull();
        (await ((IInherited)room).NameAsync()).ShouldBe("r1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_typed_calls_exception_arrives_with_type_and_message(bool json)
    {
        await using var world = await ActorWorld.StartAsync(json);
        var error = await Should.ThrowAsync<ActorMethodInvocationException>(() => world.Proxy<IRoom>("r1").FailAsync("full"));
        error.Message.ShouldStartWith("Remote Actor Method Exception,  DETAILS: Exception: InvalidOperationException, Method Name: ");
        var inner = error.InnerException.ShouldBeOfType<ActorInvokeException>();
        (inner.ActualExceptionType, inner.Message).ShouldBe(("System.InvalidOperationException", "full"));
        error.IsTransient.ShouldBeFalse();
    }

    [Fact]
    public async Task Weak_calls_are_json_by_method_name()
    {
        await using var world = await ActorWorld.StartAsync();
        var room = world.Weak("r1");
        (await room.InvokeMethodAsync<string, string>("EchoAsync", "hi")).ShouldBe("hi");
        (await room.InvokeMethodAsync<int>("CountAsync")).ShouldBe(0);
        await room.InvokeMethodAsync("LeaveAsync");
        world.Sidecar.LastCall.ShouldBe("PUT /v1.0/actors/Room/r1/method/LeaveAsync type= header=False");
    }

    [Fact]
    public async Task A_weak_calls_failure_is_the_sidecars_error()
    {
        await using var world = await ActorWorld.StartAsync();
        var error = await Should.ThrowAsync<DaprApiException>(() => world.Weak("r1").InvokeMethodAsync("FailAsync", "full"));
        error.ErrorCode.ShouldBe("ERR_ACTOR_INVOKE_METHOD");
        world.Sidecar.Refuse = HttpStatusCode.Unauthorized;
        await Should.ThrowAsync<System.Security.Authentication.AuthenticationException>(() => world.Weak("r1").InvokeMethodAsync("LeaveAsync"));
    }

    [Fact]
    public async Task Each_actor_has_its_own_scope_which_ends_with_it()
    {
        await using var world = await ActorWorld.StartAsync();
        await world.Proxy<IRoom>("a").CountAsync();
        await world.Proxy<IRoom>("a").CountAsync();
        await world.Proxy<IRoom>("b").CountAsync();
        Scoped.Made.Count(m => m.World == world.Id).ShouldBe(2);
        (await world.App.Http.DeleteAsync("/actors/Room/a")).StatusCode.ShouldBe(HttpStatusCode.OK);
        Scoped.Made.Count(m => m.World == world.Id && m.Ended).ShouldBe(1);
        (await world.App.Http.DeleteAsync("/actors/Room/never-active")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_a_turn_changed_is_saved_as_one_transaction()
    {
        await using var world = await ActorWorld.StartAsync();
        await world.Proxy<IRoom>("r1").JoinAsync("ann", 2, CancellationToken.None);
        world.Sidecar.Transactions.ShouldBe(
        [
            """[{"operation":"upsert","request":{"key":"count","value":1}},{"operation":"upsert","request":{"key":"last","value":"ann"}}]""",
        ]);
        (await world.Proxy<IRoom>("r1").CountAsync()).ShouldBe(1);
        world.Sidecar.Transactions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_turn_that_throws_leaves_no_trace_in_state_or_memory()
    {
        await using var world = await ActorWorld.StartAsync();
        var room = world.Proxy<IRoom>("r1");
        await room.JoinAsync("ann", 2, CancellationToken.None);
        await Should.ThrowAsync<ActorMethodInvocationException>(() => room.FailAsync("full"));
        (await room.CountAsync()).ShouldBe(1);
        world.Sidecar.Transactions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_save_that_fails_fails_the_call_and_is_forgotten()
    {
        await using var world = await ActorWorld.StartAsync();
        world.Sidecar.RefuseState = true;
        var room = world.Proxy<IRoom>("r1");
        await Should.ThrowAsync<ActorMethodInvocationException>(() => room.JoinAsync("ann", 2, CancellationToken.None));
        world.Sidecar.RefuseState = false;
        (await room.CountAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Timers_name_their_callback_and_leave_out_a_period_that_is_none()
    {
        await using var world = await ActorWorld.StartAsync();
        await world.Proxy<IRoom>("r1").StartTimersAsync();
        world.Sidecar.Puts["timers/tick"].ShouldBe("""{"dueTime":"0h0m0s500ms","period":"0h0m1s0ms","data":"AQI=","callback":"OnTickAsync"}""");
        world.Sidecar.Puts["timers/once"].ShouldBe("""{"dueTime":"25h0m0s0ms","callback":"OnOnceAsync","ttl":"48h0m0s0ms"}""");
        using var tick = new StringContent("""{"data":"AQI=","callback":"OnTickAsync","dueTime":"0h0m0s500ms","period":"0h0m1s0ms"}""");
        (await world.App.Http.PutAsync("/actors/Room/r1/method/timer/tick", tick)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await world.Proxy<IRoom>("r1").CountAsync()).ShouldBe(3);
        using var once = new StringContent("""{"callback":"OnOnceAsync"}""");
        (await world.App.Http.PutAsync("/actors/Room/r1/method/timer/once", once)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await world.Proxy<IRoom>("r1").CountAsync()).ShouldBe(103);
    }

    [Theory]
    [InlineData("Missing", "does not exist")]
    [InlineData("OverloadedAsync", "cannot be overloaded")]
    [InlineData("ReturnsValueAsync", "can only return type Task")]
    [InlineData("TakesTwoAsync", "zero or one parameters")]
    public async Task A_callback_of_the_wrong_shape_is_refused(string callback, string message)
    {
        var actor = new Room(ActorHost.CreateForTest<Room>(), new Scoped(""));
        (await Should.ThrowAsync<ArgumentException>(() => actor.RegisterTimerAsync("t", callback, null, TimeSpan.Zero, TimeSpan.Zero)))
            .Message.ShouldContain(message);
    }

    [Fact]
    public async Task Reminders_write_milliseconds_and_nothing_for_a_negative_period()
    {
        await using var world = await ActorWorld.StartAsync();
        await world.Proxy<IRoom>("r1").StartRemindersAsync();
        world.Sidecar.Puts["reminders/watch"].ShouldBe("""{"dueTime":"0h0m0s250ms","period":"0h1m0s5ms","data":"Bw=="}""");
        world.Sidecar.Puts["reminders/once"].ShouldBe("""{"dueTime":"0h0m1s0ms","period":"","data":""}""");
        world.Sidecar.Puts["reminders/five"].ShouldBe("""{"dueTime":"0h0m1s0ms","period":"R5/PT1M","data":"","ttl":"1h0m0s0ms"}""");
    }

    [Fact]
    public async Task A_reminders_tick_without_times_means_never()
    {
        await using var world = await ActorWorld.StartAsync();
        using var tick = new StringContent("""{"data":"Bw==","dueTime":"","period":""}""");
        (await world.App.Http.PutAsync("/actors/Room/r1/method/remind/watch", tick)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await world.Weak("r1").InvokeMethodAsync<string>("LastReminderAsync")).ShouldBe("watch 07 -00:00:00.0010000 -00:00:00.0010000");
    }

    [Fact]
    public async Task A_registered_reminder_can_be_read_back()
    {
        await using var world = await ActorWorld.StartAsync();
        world.Sidecar.Gets["reminders/watch"] = """{"actorID":"r1","data":"Bw==","dueTime":"1m","period":"@every 5s"}""";
        (await world.Weak("r1").InvokeMethodAsync<string, string>("ReadReminderAsync", "watch")).ShouldBe("watch 00:01:00 00:00:05 07");
        (await Should.ThrowAsync<DaprApiException>(() => world.Weak("r1").InvokeMethodAsync<string, string>("ReadReminderAsync", "gone")))
            .ErrorCode.ShouldBe("ERR_ACTOR_INVOKE_METHOD");
    }

    [Fact]
    public async Task The_sidecar_is_told_the_types_and_their_settings()
    {
        await using var world = await ActorWorld.StartAsync();
        (await world.App.Http.GetStringAsync("/dapr/config")).ShouldBe(
            """{"entities":["Room","Other"],"actorIdleTimeout":"1h0m0s0ms","drainOngoingCallTimeout":"0h0m30s0ms","reentrancy":{"enabled":false},"""
            + "\"entitiesConfig\":" + """[{"entities":["Other"],"actorIdleTimeout":"0h10m0s0ms","reentrancy":{"enabled":true,"maxStackDepth":3}}]}""");
        (await world.App.Http.GetStringAsync("/healthz")).ShouldBe("Healthy");
    }

    [Fact]
    public async Task An_unknown_type_or_method_is_an_error_of_the_app()
    {
        await using var world = await ActorWorld.StartAsync();
        (await world.App.Http.PutAsync("/actors/Nobody/r1/method/X", null)).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await world.App.Http.PutAsync("/actors/Room/r1/method/X", null)).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
    }

    [Fact]
    public void The_wires_ids_are_crc64_of_names()
    {
        // The catalogue's check value of CRC-64/WE, whose low half the ids are.
        Dapr.Actors.Remoting.Crc64.Low32("123456789").ShouldBe(unchecked((int)0x62EC59E3F1A4F00AUL));
        var method = Dapr.Actors.Remoting.ActorMethod.Of(typeof(IRoom)).Single(m => m.Name == nameof(IRoom.LeaveAsync));
        method.InterfaceId.ShouldBe(Dapr.Actors.Remoting.Crc64.Low32("ConcertDapr.Tests.ActorsIRoom"));
        method.MethodId.ShouldBe(Dapr.Actors.Remoting.Crc64.Low32("IRoomConcertDapr.Tests.ActorsLeaveAsync"));
    }

    [Fact]
    public async Task The_request_header_is_the_documented_xml()
    {
        await using var world = await ActorWorld.StartAsync();
        await world.Proxy<IRoom>("r1").LeaveAsync();
        var header = world.Sidecar.LastHeader!;
        var names = System.Xml.Linq.XElement.Parse(header).Elements().Select(e => $"{e.Name.NamespaceName}:{e.Name.LocalName}");
        names.ShouldBe(["urn:actors:MethodId", "urn:actors:InterfaceId", "urn:actors:ActorId", "urn:actors:CallContext",
            "urn:actors:Headers", "urn:actors:MethodName", "urn:actors:ActorType"]);
        header.ShouldContain("ActorHeader");
    }

    [Fact]
    public void Interfaces_that_cannot_travel_are_refused_by_name()
    {
        var factory = new ActorProxyFactory();
        foreach (var type in new[] { typeof(INotTask), typeof(IOverloaded), typeof(ITokenFirst), typeof(IDisposable) })
            Should.Throw<ArgumentException>(() => factory.CreateActorProxy(new ActorId("1"), type, "X"), type.Name);
        Should.Throw<ArgumentException>(() => ActorTypeInformation.Get(typeof(string), null));
        Should.Throw<ArgumentException>(() => new ActorId(" "));
    }

    [Fact]
    public void Settings_refuse_times_that_are_none()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new ActorRuntimeOptions { ActorIdleTimeout = TimeSpan.Zero });
        Should.Throw<ArgumentOutOfRangeException>(() => new ActorReminder("T", new ActorId("1"), "r", null, TimeSpan.FromSeconds(-1), TimeSpan.Zero));
        Should.Throw<ArgumentOutOfRangeException>(() => new ActorReminder("T", new ActorId("1"), "r", null, TimeSpan.Zero, TimeSpan.FromSeconds(-1)));
        Should.Throw<ArgumentOutOfRangeException>(() => new ActorReminder("T", new ActorId("1"), "r", null, TimeSpan.Zero, TimeSpan.Zero, 0));
    }

    public interface INotTask : IActor
    {
        string Name();
    }

    public interface IOverloaded : IActor
    {
        Task A();

        Task A(int x);
    }

    public interface ITokenFirst : IActor
    {
#pragma warning disable CA1068 // the very mistake
        Task A(CancellationToken token, int x);
#pragma warning restore CA1068
    }
}
