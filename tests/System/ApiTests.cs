using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

public class ApiTests(RunningSystem system)
{
    [Fact]
    public async Task What_has_not_changed_is_not_sent_again()
    {
        var path = new Uri($"/api/v1/concerts/{(await system.OpenSaleAsync()).Concert}", UriKind.Relative);
        using var first = await system.Http.GetAsync(path);
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { first.Headers.ETag.ShouldNotBeNull() } } };

        using var second = await system.Http.SendAsync(request);

        second.StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await second.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_does_not_want_to_wait_is_told_where_the_payment_is_found()
    {
        var (sale, fan) = (await system.OpenSaleAsync(), system.NextFan());
        await fan.EnterAsync(sale.Concert);
        var held = (await fan.HoldAsync(sale, null, 1)).Body<ReservationResponse>();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/payments")
        {
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", $"test-user-{fan.User}") },
            Content = JsonContent.Create(new PaymentRequest(held.ReservationId, held.Amount), options: Client.Json),
        };
        request.Headers.Add("Queue-Token", fan.QueueToken);
        request.Headers.Add("Prefer", "respond-async");

        using var accepted = await system.Http.SendAsync(request);

        accepted.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        var there = accepted.Headers.Location!.ToString();
        await Eventually.UntilAsync(async () => (await fan.GetAsync(there)).Body<PaymentResponse>(), p => p.Status == PaymentStatus.Completed);
    }

    [Fact]
    public async Task A_sale_opens_when_its_organizer_says_so()
    {
        var (sale, fan) = (await Sale.OpenAsync(system.Http, TimeSpan.FromDays(1)), system.NextFan());
        await fan.EnterAsync(sale.Concert);
        (await fan.HoldAsync(sale, null, 1)).Code.ShouldBe("SALE_CLOSED");

        var organizer = new Client(system.Http, "test-organizer-1");
        (await organizer.PostAsync($"/api/v1/admin/concerts/{sale.Concert}/sale", new OpenSaleRequest())).Status.ShouldBe(HttpStatusCode.OK);

        await Eventually.UntilAsync(() => fan.HoldAsync(sale, null, 1), r => r.Status == HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_description_lists_every_address_of_a_purchase()
    {
        var paths = (await system.Http.GetFromJsonAsync<JsonElement>(new Uri("/openapi/v1.json", UriKind.Relative))).GetProperty("paths");

        foreach (var path in new[] { "/api/v1/queues/tokens/{targetId}", "/api/v1/queues/enter", "/api/v1/concerts/dates/{showId}/seats",
            "/api/v1/reservations/{showId}", "/api/v1/payments", "/api/v1/payments/{paymentId}", "/api/v1/users/login" })
            paths.TryGetProperty(path, out _).ShouldBeTrue(path);
    }

    [Fact]
    public async Task Every_answer_carries_the_security_headers()
    {
        using var found = await system.Http.GetAsync(new Uri("/api/v1/concerts", UriKind.Relative));
        using var refused = await system.Http.GetAsync(new Uri("/api/v1/users/me", UriKind.Relative));

        foreach (var answer in new[] { found, refused })
        {
            answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
            answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
            answer.Headers.Contains("Server").ShouldBeFalse();
        }
    }
}
