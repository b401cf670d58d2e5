using ConcertDapr.Sidecar;

namespace ConcertDapr.Tests;

public sealed class StartTests(RedisServer redis)
{
    [Fact]
    public async Task An_unknown_component_type_names_the_file_and_the_types_there_are()
    {
        var error = await Refusal(TestSidecar.Component("odd", "state.nosuch"));
        error.ShouldContain("state.nosuch");
        error.ShouldContain("all.yaml");
        error.ShouldContain("state.redis");
    }

    [Fact]
    public async Task A_component_that_cannot_connect_is_named_with_its_address()
    {
        var port = RedisServer.FreePort();
        var error = await Refusal(TestSidecar.Component("down", "state.redis", ("redisHost", $"127.0.0.1:{port}"))
            .Replace("version: v1", "version: v1\n  initTimeout: 500ms", StringComparison.Ordinal));
        error.ShouldContain("down");
        error.ShouldContain($"127.0.0.1:{port}");
    }

    [Fact]
    public async Task Two_components_of_one_name_are_refused() =>
        (await Refusal(TestSidecar.Component("twin", "state.in-memory") + TestSidecar.Component("twin", "lock.in-memory"))).ShouldContain("twin");

    [Fact]
    public async Task Two_actor_state_stores_are_refused() => (await Refusal(
        TestSidecar.Component("one", "state.in-memory", ("actorStateStore", "true"))
        + TestSidecar.Component("two", "state.in-memory", ("actorStateStore", "true")))).ShouldContain("actor state store");

    [Fact]
    public async Task A_malformed_number_is_named() =>
        (await Refusal(TestSidecar.Redis("p", "pubsub.redis", redis, ("queueDepth", "many")))).ShouldContain("queueDepth");

    [Fact]
    public async Task A_malformed_rule_of_a_manifest_is_refused() => (await Refusal("""
        apiVersion: dapr.io/v2alpha1
        kind: Subscription
        metadata: {name: broken}
        spec: {pubsubname: pubsub, topic: t, routes: {rules: [{match: "event.type ==", path: /x}]}}
        """)).ShouldContain("broken");

    [Fact]
    public async Task A_component_may_be_left_out_when_it_says_so()
    {
        var resources = TestSidecar.Component("odd", "state.nosuch").Replace("version: v1", "version: v1\n  ignoreErrors: true", StringComparison.Ordinal);
        await using var sidecar = await TestSidecar.StartAsync("a", resources: resources);
        (await sidecar.Http.GetAsync("/v1.0/state/odd/k")).StatusCode.ShouldBe(System.Net.HttpStatusCode.InternalServerError);
    }

    [Fact]
    public async Task Components_of_other_apps_and_value_templates_and_secrets()
    {
        Environment.SetEnvironmentVariable("SIDECAR_TEST_REDIS", $"127.0.0.1:{redis.Port}");
        var resources = TestSidecar.Component("odd", "state.nosuch") + "scopes: [somebody-else]\n"
            + TestSidecar.Component("env", "secretstores.local.env")
            + """

              ---
              apiVersion: dapr.io/v1alpha1
              kind: Component
              metadata: {name: store}
              auth: {secretStore: env}
              spec:
                type: state.redis
                version: v1
                metadata:
                - {name: redisHost, secretKeyRef: {name: SIDECAR_TEST_REDIS, key: SIDECAR_TEST_REDIS}}
                - {name: keyPrefix, value: "p-{appID}"}
              """;
        await using var sidecar = await TestSidecar.StartAsync("Tpl", resources: resources);
        (await sidecar.PostAsync("/v1.0/state/store", """[{"key":"k","value":1}]""")).EnsureSuccessStatusCode();
        await using var client = redis.Client();
        (await client.SendAsync(default, "EXISTS", "p-tpl||k")).Integer.ShouldBe(1);
    }

    [Fact]
    public async Task The_api_answers_before_the_app_is_there_and_ready_comes_after()
    {
        var port = RedisServer.FreePort();
        await using var sidecar = await TestSidecar.StartAsync("early", waitForApp: false, change: options => options with { AppPort = port });
        (await sidecar.Http.GetAsync("/v1.0/healthz/outbound")).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);
        (await sidecar.Http.GetAsync("/v1.0/healthz")).StatusCode.ShouldBe(System.Net.HttpStatusCode.InternalServerError);
        await using var app = await TestApp.StartAsync(port);
        await app.WaitAsync("GET /dapr/config");
    }

    [Fact]
    public async Task A_wrong_token_is_refused_and_the_apps_token_is_sent()
    {
        await using var app = (await TestApp.StartAsync()).On("GET /x", 200, "yes");
        await using var sidecar = await TestSidecar.StartAsync("tokens", app, change: options => options with { ApiToken = "in", AppApiToken = "out" });
        (await sidecar.Http.GetAsync("/v1.0/metadata")).StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
        sidecar.Http.DefaultRequestHeaders.Add("dapr-api-token", "in");
        (await sidecar.Http.GetStringAsync("/v1.0/invoke/tokens/method/x")).ShouldBe("yes");
        (await app.WaitAsync("GET /x"))[0].Headers["dapr-api-token"].ShouldBe("out");
    }

    private static async Task<string> Refusal(string resources) =>
        (await Should.ThrowAsync<SidecarStartException>(() => TestSidecar.StartAsync("refused", resources: resources))).Message;
}
