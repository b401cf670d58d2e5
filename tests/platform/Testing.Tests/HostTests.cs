using System.Net;
using System.Net.Http.Json;
using ConcertDapr.Sidecar;
using ConcertDapr.Testing;
using Dapr;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace ConcertDapr.Tests;

/// <summary>Hosts beside each other, apart from each other, and refused.</summary>
public sealed class HostTests
{
    [Fact]
    public async Task Two_apps_invoke_each_other_and_hear_each_other_s_events()
    {
        await using var orders = await DaprTestHost.StartAsync(o => (o.AppId, o.AppPort) = ("orders", 0));
        await using var stock = await orders.StartBesideAsync(o => (o.AppId, o.AppPort) = ("stock", 0));
        await using var ordersApp = await CountingApp.StartAsync(orders);
        await using var stockApp = await CountingApp.StartAsync(stock, """[{"pubsubname":"pubsub","topic":"placed","route":"/placed"}]""");
        var heard = new TaskCompletionSource();
        ordersApp.Answers["/where"] = context => context.Response.WriteAsync("in orders");
        stockApp.Answers["/where"] = context => context.Response.WriteAsync("in stock");
        stockApp.Answers["/placed"] = _ =>
        {
            heard.TrySetResult();
            return Task.CompletedTask;
        };
        (await GetAsync(orders, "/v1.0/invoke/stock/method/where")).ShouldBe("in stock");
        (await GetAsync(stock, "/v1.0/invoke/orders/method/where")).ShouldBe("in orders");
        using var http = new HttpClient { BaseAddress = orders.HttpEndpoint };
        (await http.PostAsJsonAsync("/v1.0/publish/pubsub/placed", 17)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Of_two_replicas_one_hears_an_event()
    {
        const string subscriptions = """[{"pubsubname":"pubsub","topic":"t","route":"/t"}]""";
        await using var one = await DaprTestHost.StartAsync(o => o.AppPort = 0);
        await using var two = await one.StartBesideAsync(o => o.AppPort = 0);
        await using var other = await one.StartBesideAsync(o => (o.AppId, o.AppPort) = ("other", 0));
        await using var oneApp = await CountingApp.StartAsync(one, subscriptions);
        await using var twoApp = await CountingApp.StartAsync(two, subscriptions);
        await using var otherApp = await CountingApp.StartAsync(other, subscriptions);
        using var http = new HttpClient { BaseAddress = one.HttpEndpoint };
        for (var n = 0; n < 10; n++) await http.PostAsJsonAsync("/v1.0/publish/pubsub/t", n);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (oneApp["/t"] + twoApp["/t"] < 10 || otherApp["/t"] < 10) await Task.Delay(5, patience.Token);
        (oneApp["/t"], twoApp["/t"], otherApp["/t"]).ShouldBe((5, 5, 10));
    }

    [Fact]
    public async Task Hosts_of_different_tests_know_nothing_of_each_other()
    {
        var hosts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => DaprTestHost.StartAsync(o => (o.AppId, o.AppPort) = ("same", 0))));
        try
        {
            hosts.Select(host => host.HttpPort).Concat(hosts.Select(host => host.GrpcPort)).Concat(hosts.Select(host => host.AppPort!.Value))
                .Distinct().Count().ShouldBe(24);
            using var http = new HttpClient();
            foreach (var (n, host) in hosts.Index())
                await http.PostAsJsonAsync(new Uri(host.HttpEndpoint, "/v1.0/state/statestore"), new[] { new { key = "who", value = n } });
            foreach (var (n, host) in hosts.Index()) (await GetAsync(host, "/v1.0/state/statestore/who")).ShouldBe($"{n}");
            await using var caller = await hosts[0].StartBesideAsync(o => o.AppId = "caller");
            using var strange = await http.GetAsync(new Uri(hosts[1].HttpEndpoint, "/v1.0/invoke/caller/method/any"));
            (await strange.Content.ReadAsStringAsync()).ShouldContain("no host found");
        }
        finally
        {
            foreach (var host in hosts) await host.DisposeAsync();
        }
    }

    [Fact]
    public async Task Nothing_is_left_behind()
    {
        string folder;
        await using (var host = await DaprTestHost.StartAsync())
        {
            await using var beside = await host.StartBesideAsync(o => o.AppId = "beside");
            folder = host.Folder;
            Directory.Exists(folder).ShouldBeTrue();
        }
        Directory.Exists(folder).ShouldBeFalse();
    }

    [Fact]
    public async Task The_environment_is_what_the_sdk_reads()
    {
        await using var dapr = await DaprTestHost.StartAsync(o =>
        {
            (o.AppId, o.AppPort) = ("orders", 0);
            o.Sidecar = s => s with { ApiToken = "in", AppApiToken = "out" };
        });
        var settings = new ConfigurationBuilder().AddInMemoryCollection(dapr.Environment).Build();
        new Uri(DaprDefaults.GetDefaultHttpEndpoint(settings)).ShouldBe(dapr.HttpEndpoint);
        new Uri(DaprDefaults.GetDefaultGrpcEndpoint(settings)).ShouldBe(dapr.GrpcEndpoint);
        (DaprDefaults.GetDefaultDaprApiToken(settings), DaprDefaults.GetDefaultAppApiToken(settings)).ShouldBe(("in", "out"));
        (settings["APP_ID"], settings["APP_PORT"]).ShouldBe(("orders", $"{dapr.AppPort}"));
        (settings["DAPR_HTTP_PORT"], settings["DAPR_GRPC_PORT"]).ShouldBe(($"{dapr.HttpPort}", $"{dapr.GrpcPort}"));
    }

    [Fact]
    public async Task A_component_may_have_any_name_and_be_left_out()
    {
        await using var dapr = await DaprTestHost.StartAsync(o =>
        {
            (o.StateStore, o.PubSub, o.LockStore) = ("here: {it}", null, null);
            o.AddManifest("{apiVersion: dapr.io/v1alpha1, kind: Component, metadata: {name: mine}, spec: {type: state.in-memory, version: v1}}");
        });
        var metadata = await GetAsync(dapr, "/v1.0/metadata");
        metadata.ShouldContain("here: {it}");
        metadata.ShouldContain("\"mine\"");
        metadata.ShouldNotContain("pubsub.in-memory");
        metadata.ShouldNotContain("lock.in-memory");
    }

    [Fact]
    public async Task What_cannot_be_used_is_refused_with_its_name()
    {
        (await RefusedAsync(o => o.AppId = "a.b")).ShouldContain("'a.b' contains a dot");
        (await RefusedAsync(o => o.AddManifest("a: [b"))).ShouldContain("manifest text 4 cannot be read as YAML");
        (await RefusedAsync(o => o.AddManifest("metadata: {name: x}"))).ShouldContain("manifest text 4 holds a document without kind");
        (await RefusedAsync(o => o.AddManifest("{kind: Component, metadata: {name: x}, spec: {type: state.mongodb}}"))).ShouldContain("state.mongodb");
        (await RefusedAsync(o => o.PubSub = "statestore")).ShouldContain("duplicate definition of Component name statestore");
        (await RefusedAsync(o => o.AddFolder("/no/such/folder"))).ShouldContain("/no/such/folder does not exist");

        static async Task<string> RefusedAsync(Action<DaprTestOptions> configure) =>
            (await Should.ThrowAsync<SidecarStartException>(() => DaprTestHost.StartAsync(configure))).Message;
    }

    [Fact]
    public async Task Sidecars_of_one_test_have_one_clock()
    {
        await using var real = await DaprTestHost.StartAsync();
        Should.Throw<InvalidOperationException>(() => real.Time).Message.ShouldContain("UseVirtualTime");
        await Should.ThrowAsync<InvalidOperationException>(() => real.AdvanceAsync(TimeSpan.FromSeconds(1)));
        await Should.ThrowAsync<InvalidOperationException>(() => real.StartBesideAsync(o => o.UseVirtualTime()));
        await using var moved = await DaprTestHost.StartAsync(o => o.UseVirtualTime());
        await using var beside = await moved.StartBesideAsync(o => o.AppId = "beside");
        beside.Time.ShouldBeSameAs(moved.Time);
    }

    [Fact]
    public async Task An_app_that_does_not_come_up_is_named()
    {
        await using var dapr = await DaprTestHost.StartAsync(o => (o.AppId, o.AppPort) = ("late", 0));
        var failure = await Should.ThrowAsync<TimeoutException>(() => dapr.ReadyAsync(TimeSpan.FromMilliseconds(200)));
        failure.Message.ShouldContain($"'late' did not find its app on port {dapr.AppPort}");
    }

    private static async Task<string> GetAsync(DaprTestHost dapr, string path)
    {
        using var http = new HttpClient { BaseAddress = dapr.HttpEndpoint };
        return await http.GetStringAsync(new Uri(path, UriKind.Relative));
    }
}
