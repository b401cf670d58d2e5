namespace ConcertDapr.Sidecar.Api.Http;

/// <summary>
/// An answer ends before its time; it is known why. Thrown at the web server, which then sends what there is of the answer and closes
/// the connection: aborting it would throw away what has not been sent yet.
/// </summary>
internal sealed class AnswerBrokeOffException(Exception reason) : Exception(reason.Message, reason);
