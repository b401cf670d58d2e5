using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapr;
using Dapr.DistributedLock;
using Dapr.DistributedLock.Models;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>Events, locks, invocation and metadata over the wire.</summary>
public sealed class BlocksConformance(SidecarUnderTest sidecar)
{
    private readonly string _id = Guid.NewGuid().ToString("N");

    [Fact]
    public async Task An_event_reaches_its_endpoint_unwrapped()
    {
        await sidecar.Client.PublishEventAsync(SidecarUnderTest.Bus, "orders", new { Id = _id, Amount = 12.5m });
        var order = JsonDocument.Parse(await sidecar.Log.NextAsync("orders")).RootElement;
        order.EnumerateObject().Select(m => $"{m.Name}={m.Value}").Order().ShouldBe(["amount=12.5", $"id={_id}"]);
    }

    [Fact]
    public async Task Text_bytes_and_nothing_keep_their_kind()
    {
        await sidecar.Client.PublishByteEventAsync(SidecarUnderTest.Bus, "text", "hello"u8.ToArray(), "text/plain");
        (await sidecar.Log.NextAsync("text")).ShouldBe("text/plain|hello");
        await sidecar.Client.PublishByteEventAsync(SidecarUnderTest.Bus, "text", new byte[] { 65 }, "application/octet-stream");
        (await sidecar.Log.NextAsync("text")).ShouldBe("application/octet-stream|A");
        await sidecar.Client.PublishEventAsync(SidecarUnderTest.Bus, "text");
        (await sidecar.Log.NextAsync("text")).ShouldBe("text/plain|");
    }

    [Fact]
    public async Task A_dropped_event_goes_to_the_dead_letter_topic()
    {
        await sidecar.Client.PublishEventAsync(SidecarUnderTest.Bus, "refused", new { Id = _id });
        (await sidecar.Log.NextAsync("refused")).ShouldBe("seen");
        (await sidecar.Log.NextAsync("dead")).ShouldContain(_id);
    }

    [Fact]
    public async Task Rules_choose_the_endpoint()
    {
        await sidecar.Client.BulkPublishEventAsync(SidecarUnderTest.Bus, "graded", [new { Grade = "gold", Id = _id }]);
        await sidecar.Client.PublishEventAsync(SidecarUnderTest.Bus, "graded", new { Other = _id });
        (await sidecar.Log.NextAsync("gold")).ShouldContain(_id);
        (await sidecar.Log.NextAsync("any")).ShouldContain("other");
    }

    [Fact]
    public async Task Publishing_to_an_unknown_component_fails() =>
        await Should.ThrowAsync<DaprException>(() => sidecar.Client.PublishEventAsync("nosuch", "t", 1));

    [Fact]
    public async Task A_lock_has_one_owner_until_it_is_freed()
    {
        var locks = sidecar.Services.GetRequiredService<DaprDistributedLockClient>();
        await using (var mine = await locks.TryLockAsync(SidecarUnderTest.Locks, _id, "me", 30))
        {
            mine.ShouldNotBeNull();
            (await locks.TryLockAsync(SidecarUnderTest.Locks, _id, "you", 30)).ShouldBeNull();
            (await locks.TryUnlockAsync(SidecarUnderTest.Locks, _id, "you")).Status.ShouldBe(LockStatus.LockBelongsToOthers);
        }

        (await locks.TryUnlockAsync(SidecarUnderTest.Locks, _id, "me")).Status.ShouldBe(LockStatus.LockDoesNotExist);
        (await locks.TryLockAsync(SidecarUnderTest.Locks, _id, "you", 1)).ShouldNotBeNull();
        await Should.ThrowAsync<DaprException>(() => locks.TryLockAsync("nosuch", _id, "me", 1));
    }

    [Fact]
    public async Task Invocation_carries_method_path_query_headers_and_body()
    {
        using var http = sidecar.Client.CreateInvokableHttpClient(sidecar.AppId);
        using var request = new HttpRequestMessage(HttpMethod.Put, "/echo/a/b?x=1&y=%C3%BC") { Content = new StringContent("body") };
        request.Headers.Add("x-test", "yes");
        using var answer = await http.SendAsync(request);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("PUT /echo/a/b?x=1&y=%C3%BC yes body");
    }

    [Fact]
    public async Task The_apps_refusal_comes_back_untouched()
    {
        using var http = sidecar.Client.CreateInvokableHttpClient(sidecar.AppId);
        using var answer = await http.PostAsync("/refuse", null);
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("taken");
    }

    [Fact]
    public async Task An_app_that_is_not_there_is_a_sidecar_error()
    {
        using var http = sidecar.Client.CreateInvokableHttpClient("nobody-here");
        using var answer = await http.GetAsync("/x");
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadFromJsonAsync<Dictionary<string, object>>())!["errorCode"].ToString().ShouldBe("ERR_DIRECT_INVOKE");
    }

    [Fact]
    public async Task Metadata_names_app_components_and_what_was_set()
    {
        await sidecar.Client.SetMetadataAsync("build", _id);
        var metadata = await sidecar.Client.GetMetadataAsync();
        metadata.Id.ShouldBe(sidecar.AppId);
        metadata.Extended["build"].ShouldBe(_id);
        metadata.Components.Select(c => c.Name).ShouldBe(
            [SidecarUnderTest.State, SidecarUnderTest.Bus, SidecarUnderTest.Locks], ignoreOrder: true);
        metadata.Components.Single(c => c.Name == SidecarUnderTest.State).Capabilities.ShouldContain("ETAG");
    }
}
