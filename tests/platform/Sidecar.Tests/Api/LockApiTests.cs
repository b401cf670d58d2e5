namespace ConcertDapr.Tests.Api;

/// <summary>The lock API over HTTP.</summary>
public sealed class LockApiTests
{
    [Theory]
    [InlineData("v1.0-alpha1/lock/locks", """{"resourceId":"r","lockOwner":"o","expiryInSeconds":9}""", 200, "\"success\":true")]
    [InlineData("v1.0-alpha1/lock/locks", """{"resource_id":"r","lock_owner":"o","expiry_in_seconds":"9","more":1}""", 200, "\"success\":true")]
    [InlineData("v1.0-alpha1/lock/locks", "", 400, "ExpiryInSeconds is not positive in lock store locks")]
    [InlineData("v1.0-alpha1/lock/locks", """{"expiryInSeconds":9,"lockOwner":"o"}""", 400, "ResourceId is empty in lock store locks")]
    [InlineData("v1.0-alpha1/lock/locks", """{"expiryInSeconds":9,"resourceId":"r"}""", 400, "LockOwner is empty in lock store locks")]
    [InlineData("v1.0-alpha1/lock/locks", """{"expiryInSeconds":1.5}""", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("v1.0-alpha1/lock/nowhere", """{"resourceId":"r","lockOwner":"o","expiryInSeconds":9}""", 400, "ERR_LOCK_STORE_NOT_FOUND")]
    [InlineData("v1.0-alpha1/unlock/locks", """{"resourceId":"nobody's","lockOwner":"o"}""", 200, "\"status\":1")]
    [InlineData("v1.0/lock/locks", "{}", 404, "ERR_DIRECT_INVOKE")]
    public async Task Each_request_has_its_answer(string path, string body, int status, string text)
    {
        await using var sidecar = await TestSidecar.StartAsync("app", resources: TestSidecar.Component("locks", "lock.in-memory"));
        var answer = await sidecar.PostAsync("/" + path, body);
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain(text));
    }

    [Fact]
    public async Task Without_a_lock_component_that_is_said()
    {
        await using var sidecar = await TestSidecar.StartAsync("app");
        var answer = await sidecar.PostAsync("/v1.0-alpha1/lock/locks", """{"resourceId":"r","lockOwner":"o","expiryInSeconds":9}""");
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(500), seen => seen.Item2.ShouldContain("ERR_LOCK_STORE_NOT_CONFIGURED"));
    }
}
