using System.Text;

namespace ConcertDapr.Soak;

/// <summary>Well-formed HTTP that asks for nonsense: each must be refused with a body that says why.</summary>
internal sealed class HttpContentAttack(HttpClient http) : IAttack
{
    private const string Item = """[{"key":"k","value":{"a":[1,2,3]},"etag":"1","options":{"concurrency":"first-write"}}]""";
    private const string Operations = """{"operations":[{"operation":"upsert","request":{"key":"k","value":1}}],"metadata":{"a":"b"}}""";
    private const string Held = """{"resourceId":"r","lockOwner":"o","expiryInSeconds":10}""";
    private const string Events = """[{"entryId":"1","event":{"a":1},"contentType":"application/json"}]""";

    /// <summary>Method, path, body. <c>{cut}</c> before a body cuts it somewhere, <c>#</c> in a path becomes a number.</summary>
    private static readonly (string Method, string Path, string Body)[] Nonsense =
    [
        ("POST", "/v1.0/state/statestore", "{cut}" + Item), ("POST", "/v1.0/state/statestore/transaction", "{cut}" + Operations),
        ("POST", "/v1.0/state/statestore/bulk", """{cut}{"keys":["a","b"],"parallelism":2}"""),
        ("POST", "/v1.0/state/statestore", """[{"key":"a||b","value":1}]"""), ("POST", "/v1.0/state/statestore", """[{"key":"k","value":1,"etag":"x"}]"""),
        ("POST", "/v1.0/state/statestore", """[{"key":"k","value":1,"metadata":{"ttlInSeconds":"soon"}}]"""),
        ("POST", "/v1.0/state/statestore/transaction", """{"operations":[{"operation":"multiply","request":{"key":"k"}}]}"""),
        ("GET", "/v1.0/state/nostore#/k", ""), ("POST", "/v1.0/state/nostore#", Item), ("DELETE", "/v1.0/state/nostore#/k", ""),
        ("PATCH", "/v1.0/state/statestore/k", Item), ("GET", "/v1.0/state/statestore/%zz", ""), ("GET", "/v1.0/state/statestore/a%", ""),
        ("POST", "/v1.0-alpha1/lock/lockstore", "{cut}" + Held), ("POST", "/v1.0-alpha1/unlock/lockstore", "{cut}" + Held),
        ("POST", "/v1.0-alpha1/lock/nolock#", Held), ("PUT", "/v1.0-alpha1/lock/lockstore", Held),
        ("POST", "/v1.0-alpha1/lock/lockstore", """{"resourceId":"r","lockOwner":"o","expiryInSeconds":1e99}"""),
        ("POST", "/v1.0-alpha1/lock/lockstore", """{"resourceId":["r"],"lockOwner":7}"""),
        ("POST", "/v1.0/publish/nobus#/t", "{}"), ("POST", "/v1.0/publish/pubsub/", "{}"), ("DELETE", "/v1.0/publish/pubsub/t", ""),
        ("POST", "/v1.0/publish/pubsub/t?metadata.rawPayload=perhaps", "{}"),
        ("POST", "/v1.0-alpha1/publish/bulk/pubsub/t", "{cut}" + Events), ("POST", "/v1.0-alpha1/publish/bulk/pubsub/t", """[{"entryId":"","event":1}]"""),
        ("POST", "/v1.0/actors/Counter/nobody#/state", Operations),
        ("POST", "/v1.0/actors/Counter/a#/timers/t", """{"dueTime":"sometime"}"""), ("POST", "/v1.0/actors/Counter/a#/timers/t", """{cut}{"dueTime":"1h"}"""),
        ("POST", "/v1.0/actors/Counter/a#/timers/t", """{"period":"R-1/PT1S"}"""), ("POST", "/v1.0/actors/Counter/a#/timers/t", """{"dueTime":"1s","ttl":"-5s"}"""),
        ("POST", "/v1.0/actors/Counter/a#/reminders/r", """{"dueTime":"P9999999999Y"}"""), ("POST", "/v1.0/actors/Counter/a#/reminders/r", """{cut}{"dueTime":"1h"}"""),
        ("POST", "/v1.0/actors/Counter/a#/reminders/r", """{"dueTime":"1s","period":"yearly"}"""),
        ("GET", "/v1.0/workflows/dapr/none#", ""), ("POST", "/v1.0/workflows/dapr/none#/raiseEvent/e", "1"),
        ("POST", "/v1.0/workflows/dapr/W/start?instanceID=a%7C%7Cb", "1"),
        ("GET", "/v1.0/nothing#", ""), ("GET", "/v9/state/statestore/k", ""), ("POST", "/", "{}"), ("GET", "/v1.0/invoke/nobody#/method/m", ""),
        ("POST", "/v1.0/bindings/none#", "{}"), ("POST", "/v1.0/metadata", "{}"),
    ];

    public async Task SendAsync(Random random)
    {
        var (method, path, body) = Nonsense[random.Next(Nonsense.Length)];
        if (random.Next(200) == 0) (method, path, body) = ("POST", "/v1.0/state/statestore", new string('[', random.Next(5_000_000, 6_000_000)));
        else if (random.Next(20) == 0) (method, path, body) = ("POST", "/v1.0/state/statestore", new string('[', random.Next(1, 100_000)));
        path = path.Replace("#", $"{random.Next(100)}", StringComparison.Ordinal);
        if (body.StartsWith("{cut}", StringComparison.Ordinal)) body = body[5..random.Next(6, body.Length)];
        using var request = new HttpRequestMessage(new HttpMethod(method),
            new Uri(http.BaseAddress!, path) is var plain && !path.Contains('%', StringComparison.Ordinal) ? plain : Raw(path));
        if (body.Length > 0) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        WrongAnswerException.Unless((int)response.StatusCode is >= 400 and < 600 && answer.Length > 0, $"{method} {path} {Start(body)}",
            $"answered {(int)response.StatusCode} '{answer}'");
    }

    private Uri Raw(string path) => new(http.BaseAddress!.ToString().TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    private static string Start(string body) => body.Length > 80 ? body[..80] + "…" : body;
}
