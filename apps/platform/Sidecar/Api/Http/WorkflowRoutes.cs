using System.Globalization;
using System.Text;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Sidecar.Api.Http;

/// <summary><c>/v1.0/workflows/{component}/…</c>; the component's name does not matter.</summary>
internal static class WorkflowRoutes
{
    public static Task? TryHandle(ApiCall call)
    {
        var (api, subject) = (new WorkflowApi(call.Runtime.Workflows), call.Path.Text(3));
        return (call.Method, call.Path.Count, call.Path[4]) switch
        {
            ("GET", 4, _) => GetAsync(call, api, subject),
            ("POST", 5, "start") => StartAsync(call, api, subject),
            ("POST", 6, "raiseEvent") => RaiseAsync(call, api, subject),
            ("POST", 5, "pause") => Accepted(call, api.PauseAsync(subject, call.Aborted)),
            ("POST", 5, "resume") => Accepted(call, api.ResumeAsync(subject, call.Aborted)),
            ("POST", 5, "terminate") => Accepted(call, api.TerminateAsync(subject, call.Aborted)),
            ("POST", 5, "purge") => Accepted(call, api.PurgeAsync(subject, call.Aborted)),
            _ => null,
        };
    }

    private static async Task StartAsync(ApiCall call, WorkflowApi api, string name)
    {
        var body = await call.ReadBodyAsync();
        var id = await api.StartAsync(name, call.Path.Parameter("instanceID") ?? "", Encoding.UTF8.GetString(body.Span), call.Aborted);
        await Answers.JsonAsync(call.Context, StatusCodes.Status202Accepted, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("instanceID", id);
            writer.WriteEndObject();
        });
    }

    private static async Task RaiseAsync(ApiCall call, WorkflowApi api, string id)
    {
        var body = await call.ReadBodyAsync();
        await Accepted(call, api.RaiseEventAsync(id, call.Path.Text(5), Encoding.UTF8.GetString(body.Span), call.Aborted));
    }

    private static async Task GetAsync(ApiCall call, WorkflowApi api, string id)
    {
        var state = await api.GetAsync(id, call.Aborted) ?? throw WorkflowApi.NotFound(id);
        await Answers.JsonAsync(call.Context, StatusCodes.Status200OK, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("instanceID", state.InstanceId);
            writer.WriteString("workflowName", state.Name);
            writer.WriteString("createdAt", Text(state.CreatedTimestamp));
            writer.WriteString("lastUpdatedAt", Text(state.LastUpdatedTimestamp));
            writer.WriteString("runtimeStatus", WorkflowView.Status(state));
            writer.WritePropertyName("properties");
            Answers.WriteMap(writer, WorkflowView.Properties(state).ToDictionary(p => p.Name, p => p.Value));
            writer.WriteEndObject();
        });
    }

    private static string Text(Timestamp time) =>
        time.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);

    private static async Task Accepted(ApiCall call, Task done)
    {
        await done;
        call.Context.Response.StatusCode = StatusCodes.Status202Accepted;
    }
}
