using System.Text.Json;

namespace ConcertDapr.Tests.Api;

/// <summary>Publishing over HTTP, the envelope, and what the app's answers do.</summary>
public sealed class PublishApiTests(RedisServer redis)
{
    private readonly string topic = "t" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("publish/bus/t", "1", 204, "")]
    [InlineData("publish/nobody/t", "1", 404, "ERR_PUBSUB_NOT_FOUND")]
    [InlineData("publish/bus", "1", 404, "ERR_DIRECT_INVOKE")]
    [InlineData("publish/bus/t?metadata.rawPayload=maybe", "1", 400, "ERR_PUBSUB_REQUEST_METADATA")]
    [InlineData("publish/bulk/bus/t", "[]", 204, "")]
    [InlineData("publish/bulk/bus/t", "{}", 400, "ERR_PUBSUB_EVENTS_SER")]
    [InlineData("publish/bulk/bus/t", """[{"event":1,"contentType":"application/json"}]""", 400, "ERR_PUBSUB_EVENTS_SER")]
    [InlineData("publish/bulk/bus/t", """[{"entryId":"1","event":"x"}]""", 400, "ERR_PUBSUB_EVENTS_SER")]
    [InlineData("publish/bulk/bus/t", """[{"entryId":"1","event":"?","contentType":"application/octet-stream"}]""", 400, "ERR_PUBSUB_EVENTS_SER")]
    [InlineData("publish/bulk/bus/t", """[{"entryId":"1","event":[],"contentType":"application/cloudevents+json"}]""", 500, "ERR_PUBSUB_CLOUD_EVENTS_SER")]
    public async Task Each_request_has_its_answer(string path, string body, int status, string text)
    {
        await using var sidecar = await TestSidecar.StartAsync("app", resources: TestSidecar.Component("bus", "pubsub.in-memory"));
        var answer = await sidecar.PostAsync("/v1.0/" + path, body);
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain(text));
    }

    [Theory]
    [InlineData("application/json", """{"b":1,"a":[2]}""", "\"data\":{\"b\":1,\"a\":[2]}")]
    [InlineData("application/json", "no json", "\"data\":\"no json")]
    [InlineData("text/plain", "plain", "\"data\":\"plain")]
    [InlineData("application/octet-stream", "bin", "\"data_base64\":\"Ymlu")]
    [InlineData("application/cloudevents+json", """{"id":"mine","topic":"other","data":5,"extra":"kept"}""", "\"extra\":\"kept")]
    public async Task Data_are_wrapped_by_their_content_type(string contentType, string data, string member)
    {
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", data, contentType);
        var body = (await app.WaitAsync($"POST /{topic}"))[0].Body;
        body.ShouldContain(member);
        using var envelope = JsonDocument.Parse(body);
        (envelope.RootElement.GetProperty("topic").GetString(), envelope.RootElement.GetProperty("pubsubname").GetString(),
            envelope.RootElement.GetProperty("specversion").GetString()).ShouldBe((topic, "pubsub", "1.0"));
    }

    [Fact]
    public async Task A_publisher_may_name_fields_of_the_envelope()
    {
        await using var app = (await TestApp.StartAsync()).Subscribes(topic).On($"POST /{topic}", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}?metadata.cloudevent.id=no-7&metadata.CloudEvent.type=seat.sold&metadata.cloudevent.subject=row", "1");
        using var envelope = JsonDocument.Parse((await app.WaitAsync($"POST /{topic}"))[0].Body);
        (Field("id"), Field("type"), Field("subject"), Field("source")).ShouldBe(("no-7", "seat.sold", "row", "app"));

        string? Field(string name) => envelope.RootElement.GetProperty(name).GetString();
    }

    [Theory]
    [InlineData(200, "", false)]
    [InlineData(201, "words", false)]
    [InlineData(200, """{"status":""}""", false)]
    [InlineData(200, """{"other":1}""", false)]
    [InlineData(200, """{"status":"SUCCESS"}""", false)]
    [InlineData(200, """{"status":"RETRY"}""", true)]
    [InlineData(200, """{"status":"DROP"}""", true)]
    [InlineData(200, """{"status":"retry"}""", true)]
    [InlineData(200, """{"status":"success"}""", true)]
    [InlineData(301, "", true)]
    [InlineData(404, "", true)]
    [InlineData(408, "", true)]
    [InlineData(500, "", true)]
    public async Task The_apps_answer_decides_where_an_event_ends(int status, string body, bool dead)
    {
        await using var app = (await TestApp.StartAsync()).On("GET /dapr/subscribe", 200,
            $$"""[{"pubsubname":"pubsub","topic":"{{topic}}","route":"/work","deadLetterTopic":"{{topic}}dead"},{"pubsubname":"pubsub","topic":"{{topic}}dead","route":"/dead"}]""")
            .On("POST /work", status, body).On("POST /dead", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        await app.WaitAsync("POST /work");
        if (dead) await app.WaitAsync("POST /dead");
        await using var client = redis.Client();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await client.SendAsync(patience.Token, "XPENDING", topic, "app")).Item(0).Integer != 0) await Task.Yield();
        (await client.SendAsync(patience.Token, "XLEN", topic + "dead")).Integer.ShouldBe(dead ? 1 : 0);
    }

    [Theory]
    [InlineData("""[{"pubsubname":"nobody","topic":"TOPIC","route":"/a"},{"PubsubName":"pubsub","Topic":"TOPIC","Route":"in"}]""", "POST /in")]
    [InlineData("""[{"pubsubname":"pubsub","topic":"TOPIC","route":"/first"},{"pubsubname":"pubsub","topic":"TOPIC","route":"/last"}]""", "POST /last")]
    [InlineData("""[{"pubsubname":"pubsub","topic":"TOPIC","route":"/less","routes":{"default":"/more"}}]""", "POST /more")]
    [InlineData("""[{"pubsubname":"pubsub","topic":"TOPIC"},{"pubsubname":"pubsub","topic":"TOPIC","route":"/q?x=1"}]""", "POST /q")]
    public async Task Subscriptions_are_read_as_apps_write_them(string list, string call)
    {
        await using var app = (await TestApp.StartAsync()).On("GET /dapr/subscribe", 200, list.Replace("TOPIC", topic, StringComparison.Ordinal)).On(call, 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync($"/v1.0/publish/pubsub/{topic}", "1");
        (await app.WaitAsync(call)).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(404, "")]
    [InlineData(204, "")]
    [InlineData(200, """[{"pubsubname":"pubsub","topic":"t","route":"/t"},{"pubsubname":"pubsub","topic":"u","route":"/u","metadata":{"n":1}}]""")]
    [InlineData(200, """[{"pubsubname":"pubsub","topic":"t","route":"/t"},{"pubsubname":"pubsub","topic":"u","routes":{"rules":[{"match":"event.","path":"/u"}]}}]""")]
    public async Task A_list_with_a_fault_is_no_list(int status, string list)
    {
        await using var app = (await TestApp.StartAsync()).On("GET /dapr/subscribe", status, list);
        await using var sidecar = await StartAsync(app);
        sidecar.Runtime.Subscriptions.All.ShouldBeEmpty();
    }

    private Task<TestSidecar> StartAsync(TestApp app) =>
        TestSidecar.StartAsync("app", app, TestSidecar.Redis("pubsub", "pubsub.redis", redis));
}
