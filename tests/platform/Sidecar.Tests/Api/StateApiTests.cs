using System.Net;
using System.Text.Json;

namespace ConcertDapr.Tests.Api;

/// <summary>The state API over HTTP: statuses, error codes, etags, on both stores.</summary>
public sealed class StateApiTests(RedisServer redis)
{
    private readonly string key = "k" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("POST", "memory", "[]", 204, "")]
    [InlineData("PUT", "memory", """[{"KEY":"x","Value":1}] and more""", 204, "")]
    [InlineData("POST", "memory", "null", 204, "")]
    [InlineData("POST", "memory", "{}", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "memory", "[1", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "memory", """[{"value":1}]""", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "memory", """[{"key":"a||b"}]""", 400, "DAPR_STATE_ILLEGAL_KEY")]
    [InlineData("POST", "memory", """[{"key":"x","metadata":{"ttlInSeconds":5}}]""", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "memory", """[{"key":"x","metadata":{"ttlInSeconds":"soon"}}]""", 500, "ERR_STATE_SAVE")]
    [InlineData("POST", "memory", """[{"key":"x","options":{"concurrency":"odd"}}]""", 500, "unrecognized concurrency model 'odd'")]
    [InlineData("POST", "memory", """[{"key":"x","options":{"consistency":"odd"}}]""", 500, "unrecognized consistency model 'odd'")]
    [InlineData("POST", "redis", """[{"key":"x","etag":"odd"}]""", 400, "invalid etag value")]
    [InlineData("POST", "nowhere", "[]", 400, "DAPR_STATE_NOT_FOUND")]
    [InlineData("GET", "memory/absent", null, 204, "")]
    [InlineData("GET", "nowhere/x", null, 400, "ERR_STATE_STORE_NOT_FOUND")]
    [InlineData("GET", "memory/a||b", null, 400, "DAPR_STATE_ILLEGAL_KEY")]
    [InlineData("GET", "memory/%zz", null, 400, "400 Bad Request")]
    [InlineData("DELETE", "memory/absent", null, 204, "")]
    [InlineData("PATCH", "memory/x", "1", 404, "ERR_DIRECT_INVOKE")]
    [InlineData("DELETE", "memory", null, 404, "ERR_DIRECT_INVOKE")]
    [InlineData("POST", "memory/bulk", """{"keys":[]}""", 200, "[]")]
    [InlineData("PUT", "memory/bulk", """{"keys":["absent",""]}""", 200, """[{"key":"absent"},{"key":""}]""")]
    [InlineData("POST", "memory/bulk", """{"keys":["a||b"]}""", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "memory/bulk", "[]", 400, "failed deserializing HTTP body")]
    [InlineData("POST", "memory/transaction", """{"operations":[]}""", 204, "")]
    [InlineData("POST", "memory/transaction", """{"operations":[{"operation":"upsert"}]}""", 204, "")]
    [InlineData("POST", "memory/transaction", """{"operations":[{"operation":"UPSERT","request":{"key":"x"}}]}""", 400, "ERR_NOT_SUPPORTED_STATE_OPERATION")]
    [InlineData("POST", "memory/transaction", """{"operations":[{"operation":"upsert","request":{"key":"a||b"}}]}""", 400, "DAPR_STATE_ILLEGAL_KEY")]
    [InlineData("POST", "redis/transaction", """{"operations":[{"operation":"upsert","request":{"key":"x","etag":"odd"}}]}""", 500, "ERR_STATE_TRANSACTION")]
    public async Task Each_request_has_its_answer(string verb, string path, string? body, int status, string text)
    {
        await using var sidecar = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Parse(verb), new Uri($"http://127.0.0.1:{sidecar.HttpPort}/v1.0/state/{path}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = body is null ? null : new StringContent(body) };
        var answer = await sidecar.Http.SendAsync(request);
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain(text));
    }

    [Theory]
    [InlineData("redis", 409)]
    [InlineData("memory", 409)]
    public async Task A_stale_etag_is_a_conflict_and_in_a_transaction_a_failure(string store, int status)
    {
        await using var sidecar = await StartAsync();
        await SaveAsync(sidecar, store, "1");
        var first = await EtagAsync(sidecar, store);
        (await SaveAsync(sidecar, store, "2", first)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var stale = await SaveAsync(sidecar, store, "3", first);
        ((int)stale.StatusCode, await stale.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain("possible etag mismatch"));
        using var delete = new HttpRequestMessage(HttpMethod.Delete, $"/v1.0/state/{store}/{key}?concurrency=last-write");
        delete.Headers.TryAddWithoutValidation("If-Match", first);
        (await sidecar.Http.SendAsync(delete)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await sidecar.PostAsync($"/v1.0/state/{store}/transaction",
            $$$"""{"operations":[{"operation":"delete","request":{"key":"{{{key}}}","etag":"{{{first}}}"}}]}""")).StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await sidecar.Http.GetStringAsync($"/v1.0/state/{store}/{key}")).ShouldBe("2");
    }

    [Theory]
    [InlineData("redis", 500)]
    [InlineData("memory", 409)]
    public async Task A_second_first_write_is_refused_in_each_stores_way(string store, int status)
    {
        await using var sidecar = await StartAsync();
        var body = $$$"""[{"key":"{{{key}}}","value":1,"options":{"concurrency":"first-write"}}]""";
        (await sidecar.PostAsync($"/v1.0/state/{store}", body)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        ((int)(await sidecar.PostAsync($"/v1.0/state/{store}", body)).StatusCode).ShouldBe(status);
    }

    [Fact]
    public async Task Beside_another_failure_only_the_first_etag_problem_is_told()
    {
        await using var sidecar = await StartAsync();
        var two = await sidecar.PostAsync("/v1.0/state/redis", $$"""[{"key":"{{key}}1","etag":"x"},{"key":"{{key}}2","etag":"y"}]""");
        (await MessageAsync(two)).Split("invalid etag value").Length.ShouldBe(4, "one of all, and one for each");
        var mixed = await sidecar.PostAsync("/v1.0/state/redis", $$$"""[{"key":"{{{key}}}1","etag":"x"},{"key":"{{{key}}}2","metadata":{"ttlInSeconds":"soon"}}]""");
        ((int)mixed.StatusCode, (await MessageAsync(mixed)).Split("invalid etag value").Length).ShouldBe((400, 2));
    }

    [Theory]
    [InlineData("", "app||")]
    [InlineData("name", "redis||")]
    [InlineData("none", "")]
    [InlineData("namespace", "stage.app||")]
    [InlineData("Tickets", "tickets||")]
    public async Task Keys_lie_in_Redis_below_their_prefix(string prefix, string expected)
    {
        await using var sidecar = await StartAsync(("keyPrefix", prefix));
        await SaveAsync(sidecar, "redis", """{"price":12.50,"note":"a<b & c"}""");
        await using var client = redis.Client();
        var stored = await client.SendAsync(default, "HMGET", expected + key, "data", "version");
        (stored.Item(0).Text, stored.Item(1).Text).ShouldBe(("""{"price":12.5,"note":"a<b & c"}""", "1"));
    }

    [Theory]
    [InlineData("redis", "ERR_STATE_QUERY")]
    [InlineData("memory", "ERR_STATE_STORE_NOT_SUPPORTED")]
    public async Task Queries_are_refused_as_daprd_does_for_such_a_store(string store, string error)
    {
        await using var sidecar = await StartAsync();
        var answer = await sidecar.PostAsync($"/v1.0-alpha1/state/{store}/query", "{}");
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(500), seen => seen.Item2.ShouldContain(error));
    }

    private Task<TestSidecar> StartAsync(params (string, string)[] metadata) => TestSidecar.StartAsync("app",
        resources: TestSidecar.Redis("redis", "state.redis", redis, metadata) + TestSidecar.Component("memory", "state.in-memory"),
        change: options => options with { Namespace = "stage" });

    private Task<HttpResponseMessage> SaveAsync(TestSidecar sidecar, string store, string value, string? etag = null) => sidecar.PostAsync(
        $"/v1.0/state/{store}", $$"""[{"key":"{{key}}","value":{{value}}{{(etag is null ? "" : $",\"etag\":\"{etag}\"")}}}]""");

    private async Task<string> EtagAsync(TestSidecar sidecar, string store) =>
        (await sidecar.Http.GetAsync($"/v1.0/state/{store}/{key}")).Headers.NonValidated["ETag"].ToString();

    private static async Task<string> MessageAsync(HttpResponseMessage answer)
    {
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("message").GetString()!;
    }
}
