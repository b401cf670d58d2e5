using System.Text.Json;
using ConcertDapr.Sidecar.Redis;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Tests;

public sealed class DeliveryTests(RedisServer redis)
{
    private const string Retries = """
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata: {name: retries}
        spec:
          policies: {retries: {thrice: {policy: constant, duration: 20ms, maxRetries: 2}}}
          targets: {components: {pubsub: {inbound: {retry: thrice}}}}
        """;

    private readonly string topic = "t" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task A_published_value_arrives_as_a_cloud_event()
    {
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", 200);
        await using var sidecar = await StartAsync(app);
        (await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}?metadata.source=test", """{"seat":7,"big":12345678901234567890}""")).EnsureSuccessStatusCode();
        var request = (await app.WaitAsync($"POST /{topic}"))[0];
        request.Headers["Content-Type"].ShouldBe("application/cloudevents+json");
        request.Headers["pubsubname"].ShouldBe("pubsub");
        request.Headers["source"].ShouldBe("test");
        using var envelope = JsonDocument.Parse(request.Body);
        envelope.RootElement.GetProperty("data").GetRawText().ShouldBe("""{"seat":7,"big":12345678901234567890}""");
        envelope.RootElement.GetProperty("type").GetString().ShouldBe("com.dapr.event.sent");
        envelope.RootElement.GetProperty("source").GetString().ShouldBe("sub");
    }

    [Fact]
    public async Task A_failing_handler_is_called_again_by_the_policy_until_it_succeeds()
    {
        var calls = 0;
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", (context, _) =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref calls) < 3 ? 500 : 200;
            return Task.CompletedTask;
        });
        await using var sidecar = await StartAsync(app, Retries);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        await app.WaitAsync($"POST /{topic}", 3);
        await NothingPendingAsync();
    }

    [Fact]
    public async Task What_fails_for_good_goes_to_the_dead_letter_topic_unchanged()
    {
        var dead = topic + "-dead";
        await using var app = (await TestApp.StartAsync())
            .On("GET /dapr/subscribe", 200, $$"""[{"pubsubname":"pubsub","topic":"{{topic}}","route":"/work","deadLetterTopic":"{{dead}}"},{"pubsubname":"pubsub","topic":"{{dead}}","route":"/dead"}]""")
            .On("POST /work", 500).On("POST /dead", 200);
        await using var sidecar = await StartAsync(app, Retries);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", """{"n":1}""");
        var copy = (await app.WaitAsync("POST /dead"))[0];
        var attempts = await app.WaitAsync("POST /work");
        attempts.Count.ShouldBe(3);
        copy.Body.ShouldBe(attempts[0].Body);
        await NothingPendingAsync();
    }

    [Theory]
    [InlineData(404, "")]
    [InlineData(200, """{"status":"DROP"}""")]
    public async Task What_the_app_drops_is_not_retried(int status, string body)
    {
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", status, body);
        await using var sidecar = await StartAsync(app, Retries);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        await app.WaitAsync($"POST /{topic}");
        await NothingPendingAsync();
        app.Seen.Count(request => request.Path == $"/{topic}").ShouldBe(1);
    }

    [Fact]
    public async Task A_message_under_way_when_its_sidecar_was_killed_is_delivered_by_the_next_one()
    {
        // What a killed sidecar leaves: an entry read by the group and never acknowledged.
        await using var client = redis.Client();
        await client.SendAsync(default, "XGROUP", "CREATE", topic, "sub", "0", "MKSTREAM");
        await client.SendAsync(default, "XADD", topic, "*", "data", """{"data":1,"id":"lost","specversion":"1.0"}""", "metadata", "{}");
        (await client.SendAsync(default, "XREADGROUP", "GROUP", "sub", "sub", "STREAMS", topic, ">")).IsNull.ShouldBeFalse();
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", 200);
        await using var sidecar = await StartAsync(app, "", ("processingTimeout", "100"), ("redeliverInterval", "100"));
        (await app.WaitAsync($"POST /{topic}"))[0].Body.ShouldContain("lost");
        await NothingPendingAsync();
    }

    [Fact]
    public async Task A_slow_handler_is_awaited_at_the_end_and_not_called_twice()
    {
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", async (context, _) =>
        {
            entered.TrySetResult();
            await release.Task;
            context.Response.StatusCode = 200;
        });
        var sidecar = await StartAsync(app, "", ("processingTimeout", "50"), ("redeliverInterval", "50"));
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var stopping = sidecar.DisposeAsync().AsTask();
        release.SetResult();
        await stopping;
        await NothingPendingAsync();
        app.Seen.Count(request => request.Path == $"/{topic}").ShouldBe(1);
    }

    [Fact]
    public async Task A_handler_that_hangs_does_not_keep_the_sidecar_from_ending_and_its_message_stays()
    {
        var entered = new TaskCompletionSource();
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", async (context, _) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var sidecar = await TestSidecar.StartAsync("sub", app, TestSidecar.Redis("pubsub", "pubsub.redis", redis),
            change: options => options with { GracefulShutdown = TimeSpan.FromMilliseconds(100) });
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await sidecar.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        await using var client = redis.Client();
        (await client.SendAsync(default, "XPENDING", topic, "sub")).Items[0].Integer.ShouldBe(1);
    }

    [Fact]
    public async Task Rules_choose_the_route_and_a_rule_that_fails_takes_no_other()
    {
        await using var app = (await TestApp.StartAsync())
            .On("GET /dapr/subscribe", 200, $$$"""[{"pubsubname":"pubsub","topic":"{{{topic}}}","routes":{"rules":[{"match":"event.data.kind == 'vip'","path":"/vip"}],"default":"/any"}}]""")
            .On("POST /vip", 200).On("POST /any", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", """{"none":1}""");
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", """{"kind":"vip"}""");
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", """{"kind":"std"}""");
        await app.WaitAsync("POST /vip");
        await app.WaitAsync("POST /any");
        await NothingPendingAsync();
        app.Seen.Count(request => request.Path is "/vip" or "/any").ShouldBe(2);
    }

    [Fact]
    public async Task An_expired_event_does_not_reach_the_app()
    {
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}?metadata.ttlInSeconds=0", "1");
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "2");
        using var envelope = JsonDocument.Parse((await app.WaitAsync($"POST /{topic}"))[0].Body);
        envelope.RootElement.GetProperty("data").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task A_bulk_subscription_gets_many_at_once_and_only_the_failed_ones_again()
    {
        var first = true;
        await using var app = (await TestApp.StartAsync())
            .On("GET /dapr/subscribe", 200, $$$"""[{"pubsubname":"pubsub","topic":"{{{topic}}}","route":"/bulk","bulkSubscribe":{"enabled":true,"maxMessagesCount":3,"maxAwaitDurationMs":5000}}]""")
            .On("POST /bulk", async (context, request) =>
            {
                using var body = JsonDocument.Parse(request.Body);
                var statuses = body.RootElement.GetProperty("entries").EnumerateArray().Select((entry, i) =>
                    $$"""{"entryId":"{{entry.GetProperty("entryId").GetString()}}","status":"{{(first && i == 1 ? "RETRY" : "SUCCESS")}}"}""");
                var answer = $$"""{"statuses":[{{string.Join(",", statuses)}}]}""";
                first = false;
                context.Response.StatusCode = 200;
                await context.Response.WriteAsync(answer);
            });
        await using var sidecar = await StartAsync(app, Retries);
        for (var i = 0; i < 3; i++) await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", $"{i}");
        var calls = await app.WaitAsync("POST /bulk", 2);
        Entries(calls[0]).ShouldBe(3);
        Entries(calls[1]).ShouldBe(1);
        await NothingPendingAsync();

        static int Entries(SeenRequest request)
        {
            using var body = JsonDocument.Parse(request.Body);
            return body.RootElement.GetProperty("entries").GetArrayLength();
        }
    }

    [Fact]
    public async Task A_topic_the_app_may_not_publish_is_refused()
    {
        await using var sidecar = await TestSidecar.StartAsync("sub",
            resources: TestSidecar.Component("pubsub", "pubsub.in-memory", ("publishingScopes", "sub=allowed")));
        (await sidecar.PostAsync("/v1.0/publish/pubsub/other", "1")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Forbidden);
        (await sidecar.PostAsync("/v1.0/publish/nope/other", "1")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await sidecar.PostAsync("/v1.0/publish/pubsub/allowed", "1")).EnsureSuccessStatusCode();
    }

    private Task<TestSidecar> StartAsync(TestApp app, string more = "", params (string, string)[] metadata) =>
        TestSidecar.StartAsync("sub", app, TestSidecar.Redis("pubsub", "pubsub.redis", redis, metadata) + more);

    private async Task NothingPendingAsync()
    {
        await using var client = redis.Client();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await client.SendAsync(timeout.Token, "XPENDING", topic, "sub")).Checked().Items[0].Integer > 0) await Task.Yield();
    }
}
