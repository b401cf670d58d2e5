using ConcertDapr.Testing;
using Dapr.Actors;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>The example of docs/embedded-sidecar.md.</summary>
public sealed class ExampleTests
{
    [Fact]
    public async Task An_order_that_nobody_pays_is_cancelled_after_an_hour()
    {
        await using var dapr = await DaprTestHost.StartAsync(o => { o.AppId = "orders"; o.AppPort = 0; o.UseVirtualTime(); });

        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(dapr.Environment);
        builder.WebHost.UseUrls($"http://127.0.0.1:{dapr.AppPort}");
        builder.Services.AddActors(actors => actors.Actors.RegisterActor<OrderActor>());
        await using var app = builder.Build();
        app.MapActorsHandlers();
        await app.StartAsync();
        await dapr.ReadyAsync();

        var proxies = app.Services.GetRequiredService<IActorProxyFactory>();
        var order = proxies.CreateActorProxy<IOrderActor>(new ActorId("17"), nameof(OrderActor));
        await order.Place(); // registers a reminder: look again in an hour
        (await order.Status()).ShouldBe("placed");

        await dapr.AdvanceAsync(TimeSpan.FromHours(1)); // takes milliseconds
        (await order.Status()).ShouldBe("cancelled");
    }

    [Fact]
    public void The_documentation_shows_this_very_test()
    {
        var source = File.ReadAllLines(Path.Combine(Repository.Root, "tests/platform/Testing.Tests/ExampleTests.cs"));
        var first = Array.FindIndex(source, line => line.Contains("await using var dapr", StringComparison.Ordinal));
        var example = source.Skip(first).TakeWhile(line => line != "    }").Select(line => line.Length == 0 ? line : line[4..]).ToArray();
        var docs = File.ReadAllText(Path.Combine(Repository.Root, "docs/embedded-sidecar.md"));
        docs.ShouldContain(string.Join('\n', example));
        example.Length.ShouldBeLessThanOrEqualTo(20);
    }
}

/// <summary>The calls of <see cref="OrderActor"/>.</summary>
public interface IOrderActor : IActor
{
    /// <summary>Places the order.</summary>
    Task Place();

    /// <summary>Where it stands.</summary>
    Task<string> Status();
}

/// <summary>An order that cancels itself when an hour has passed.</summary>
[Actor(TypeName = nameof(OrderActor))]
public sealed class OrderActor(ActorHost host) : Actor(host), IOrderActor, IRemindable
{
    /// <inheritdoc/>
    public async Task Place()
    {
        await StateManager.SetStateAsync("status", "placed");
        await RegisterReminderAsync("unpaid", [], TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public Task<string> Status() => StateManager.GetStateAsync<string>("status");

    /// <inheritdoc/>
    public Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period) =>
        StateManager.SetStateAsync("status", "cancelled");
}
