using System.Net;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class SpoofedHeaderTests(RunningSystem system)
{
    [Theory]
    [InlineData("X-User-Id", "1")]
    [InlineData("x-user-id", "1")]
    [InlineData("dapr-app-id", "payment")]
    [InlineData("Dapr-Caller-App-Id", "payment")]
    [InlineData("dapr-api-token", "guessed")]
    public async Task A_header_that_only_the_gateway_sets_changes_nothing(string name, string value)
    {
        var fan = system.NextFan();

        var me = await fan.SendAsync(HttpMethod.Get, "/api/v1/users/me", null, (name, value));
        var nobody = await new Client(system.Http, null).SendAsync(HttpMethod.Get, "/api/v1/users/me", null, (name, value));

        me.Body<AccountResponse>().UserId.ShouldBe(fan.User);
        nobody.Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Nobody_becomes_an_organizer_or_admitted_by_a_header()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        (string, string)[] claims = [("X-User-Roles", "organizer"), ("X-Queue-Target", sale.Concert.ToString()), ("X-Queue-Sequence", "1")];

        (await fan.PostAsync($"/api/v1/admin/concerts/{sale.Concert}/sale", new OpenSaleRequest(), null, claims)).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await fan.PostAsync($"/api/v1/reservations/{sale.Show}", new HoldRequest([sale.Seat(1)]), null, claims)).Code.ShouldBe("QUEUE_TOKEN_MISSING");
    }

    [Theory]
    [InlineData("/dapr/subscribe")]
    [InlineData("/events/queue-advanced")]
    [InlineData("/v1.0/invoke/users/method/points/use")]
    [InlineData("/points/use")]
    public async Task What_sidecars_and_services_call_is_not_for_the_public(string path) =>
        (await system.NextFan().SendAsync(HttpMethod.Post, path, Client.JsonText("{}"))).Status.ShouldBe(HttpStatusCode.NotFound);
}
